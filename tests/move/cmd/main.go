// Command cmd moves real servers under load and prints what clients lost, or
// fills the table of what becomes of every step going wrong in every way. The
// last line of its output is one JSON object.
//
//	go run ./tests/move/cmd redis -runs 3 -seed 7
//	go run ./tests/move/cmd table
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
	"strings"
	"syscall"
	"time"

	"drover/tests/kubernetes/site"
	"drover/tests/move"
	"drover/tests/vm"
)

func main() {
	move.ServeIfAsked()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "move:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say what: redis, postgres, http, files, table or demo")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	options := move.Options{Say: say}
	flags.IntVar(&options.Runs, "runs", 3, "how many runs, each on fresh servers")
	flags.IntVar(&options.Writers, "writers", 8, "clients that write at the same time")
	flags.IntVar(&options.Writes, "writes", 0, "acknowledged writes to reach in a run; 0: the goal's")
	flags.Uint64Var(&options.Seed, "seed", 7, "of the failures")
	drivers := flags.String("drivers", "", "of the table, with commas between; empty: all")
	steps := flags.String("steps", "", "of the table; empty: all")
	document := flags.String("document", "", "the file that the table is put into; empty: none")
	binary := flags.String("drover", "bin/drover", "the demo's program")
	fleet := flags.String("fleet", "deploy/demo/redis-fleet.yaml", "the demo's fleet")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if args[0] == "demo" {
		return demo(ctx, *binary, *fleet)
	}
	if args[0] == "table" {
		return table(ctx, commas(*drivers), commas(*steps), *document)
	}
	open, err := move.Prepare(args[0], &options)
	if err != nil {
		return err
	}
	result, err := move.Run(ctx, options, open)
	if err != nil {
		return err
	}
	if err := printLine(result); err != nil {
		return err
	}
	return result.Holds(args[0])
}

// demo shows a Redis moved between two network namespaces because a forecast
// said so.
func demo(ctx context.Context, binary, fleet string) error {
	if missing := move.Missing("redis-server", "haproxy", "ip"); len(missing) > 0 {
		return fmt.Errorf("not installed: %s", strings.Join(missing, ", "))
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	result, err := move.Demo(ctx, binary, fleet, func(format string, args ...any) { fmt.Printf(format+"\n", args...) })
	if err != nil {
		return err
	}
	if err := printLine(result); err != nil {
		return err
	}
	return result.Holds()
}

// commas splits at commas; empty: nothing.
func commas(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

// columns returns the named drivers' columns, or all of them. Of all, those whose
// programs aren't there are left out, and said to be.
func columns(drivers []string) ([]move.Column, error) {
	var chosen []move.Column
	all := append(move.Columns(), site.World().Column(), vm.World().Column())
	for _, c := range all {
		missing := c.Missing()
		switch {
		case len(drivers) > 0 && !slices.Contains(drivers, c.Driver):
		case len(drivers) == 0 && len(missing) > 0:
			say("%s is left out: not installed: %s", c.Driver, strings.Join(missing, ", "))
		default:
			chosen = append(chosen, c)
		}
	}
	if len(chosen) < len(drivers) || len(chosen) == 0 {
		return nil, fmt.Errorf("there aren't all of %s in the table", strings.Join(drivers, ", "))
	}
	return chosen, nil
}

// table fills the table, prints it and puts it into the document.
func table(ctx context.Context, drivers, steps []string, document string) error {
	ctx, cancel := context.WithTimeout(ctx, 40*time.Minute)
	defer cancel()
	chosen, err := columns(drivers)
	if err != nil {
		return err
	}
	tables, err := move.FillColumns(ctx, chosen, steps, say)
	if err != nil {
		return err
	}
	if err := tables.Write(os.Stdout); err != nil {
		return err
	}
	sums := tables.Sums()
	if err := printLine(sums); err != nil {
		return err
	}
	if sums["wrong"] > 0 || sums["lost"] > 0 {
		return fmt.Errorf("%d cells are wrong, %d of %d acknowledged writes are lost", sums["wrong"], sums["lost"], sums["acked"])
	}
	if document == "" {
		return nil
	}
	return tables.Publish(document)
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func printLine(value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	return nil
}
