// Command cmd builds the programs of a Kubernetes control plane.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"drover/tests/kubernetes/programs"
)

const usage = `usage: go run ./tests/kubernetes/cmd build
  build    build etcd, API server, controller manager and scheduler where they are missing`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) != 2 || os.Args[1] != "build" {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if _, err := programs.Build(ctx, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
