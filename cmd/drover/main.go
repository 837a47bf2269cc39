// Command drover is the operator's command: it runs the whole pipeline in one
// process, asks it questions, and does from files what the services do from
// topics.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"drover/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The second signal ends what doesn't heed the first.
	context.AfterFunc(ctx, stop)
	err := newRootCommand().ExecuteContext(ctx)
	if err == nil {
		return
	}
	if !errors.Is(err, cli.ErrSilent) {
		fmt.Fprintln(os.Stderr, "drover:", err)
	}
	os.Exit(cli.ExitCode(err))
}
