// Command cmd builds the programs of a Kubernetes control plane, and shows Drover
// on them: discovery of a fleet, a plan of many moves under disruption budgets,
// and moves that go wrong in every way. The last line of what it prints is one
// JSON object.
//
//	go run ./tests/kubernetes/cmd build
//	go run ./tests/kubernetes/cmd cluster -nodes 4 -kubeconfig trial/kubeconfig
//	go run ./tests/kubernetes/cmd show -nodes 200 -deployments 200 -replicas 10 -moves 100
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"drover/tests/kubernetes/programs"
	"drover/tests/kubernetes/show"
	"drover/tests/kubernetes/site"
)

const usage = `usage: go run ./tests/kubernetes/cmd build|cluster|show [flags]
  build    build etcd, API server, controller manager and scheduler where they are missing
  cluster  build what is missing, and play a cluster to try things on until it is ended
  show     build what is missing, and move things on it; -h lists its flags`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "kubernetes:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 || !slices.Contains([]string{"build", "cluster", "show"}, args[0]) {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if _, err := programs.Build(ctx, os.Stderr); err != nil || args[0] == "build" {
		return err
	}
	if args[0] == "cluster" {
		return play(ctx, args[1:])
	}
	flags := flag.NewFlagSet("show", flag.ExitOnError)
	o := show.Options{Say: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	flags.IntVar(&o.Nodes, "nodes", 200, "nodes of the cluster")
	flags.IntVar(&o.Deployments, "deployments", 200, "applications, each with a disruption budget of one")
	flags.IntVar(&o.Replicas, "replicas", 10, "of each application")
	flags.IntVar(&o.Moves, "moves", 100, "of the plan")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	figures, err := show.Run(ctx, o)
	if err != nil {
		return err
	}
	line, err := json.Marshal(figures)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	return figures.Holds()
}

// play keeps a cluster whose kubelets are played until it is ended.
func play(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("cluster", flag.ExitOnError)
	nodes := flags.Int("nodes", 4, "nodes of the cluster")
	path := flags.String("kubeconfig", "trial/kubeconfig", "the file to write the administrator's credentials to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := site.Open(ctx, site.Options{Nodes: *nodes})
	defer func() { err = errors.Join(err, s.Close(), os.Remove(*path)) }()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(s.Kubeconfig())
	if err != nil {
		return err
	}
	if err := os.WriteFile(*path, text, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d nodes; export KUBECONFIG=%s\n", *nodes, *path)
	<-ctx.Done()
	return nil
}
