// Package diff is `drover diff`: what two runs decided differently, and why.
package diff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/service"
	"drover/internal/config"
	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/replay"
	"drover/internal/stream"
)

// options are flags that the configuration does not have.
type options struct {
	file, output string
	limit        int
}

// Command returns the command.
func Command() *cobra.Command {
	o := &options{}
	c := &cobra.Command{
		Use:   "diff PREFIX PREFIX",
		Short: "Compare what two runs decided, and say why they differ",
		Long: `Compare the decisions, plans and their ends of two runs, which are named by the
prefixes of their topics, tick by tick. Where they differ, what fleets had sent
is compared as well: the first records that differ are the reason, or, where all
are equal, the code or the settings. Only ticks that both have decided count as
different; what one run alone has is counted apart.

Exit code 0: the runs agree. 1: they differ.`,
		Example: "  drover diff drover. trial-1. --brokers kafka:9092",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return o.run(c, args[0], args[1])
		},
	}
	config.Register(c.Flags(), "kafka", "data_dir", "log")
	c.Flags().StringVar(&o.file, "config", os.Getenv("DROVER_CONFIG"), "configuration file (YAML)")
	c.Flags().StringVarP(&o.output, "output", "o", "table", "table or json")
	c.Flags().IntVar(&o.limit, "limit", 20, "how many differences are shown")
	return c
}

// result is what the command prints.
type result struct {
	Ticks       int                 `json:"ticks"`
	OnlyA       int                 `json:"only_a"`
	OnlyB       int                 `json:"only_b"`
	Different   int                 `json:"different"`
	Differences []replay.Difference `json:"differences"`
	Why         []cause             `json:"why"`
	Inputs      int                 `json:"different_inputs"`
}

// cause is one input on which the runs differ.
type cause struct {
	Topic string        `json:"topic"`
	Fleet model.FleetID `json:"fleet"`
	Key   string        `json:"key"`
	At    model.Instant `json:"at"`
	A     string        `json:"a"`
	B     string        `json:"b"`
}

// errDiffer makes the exit code say it; the output has said it already.
var errDiffer = errors.New("the runs differ")

func (o *options) run(c *cobra.Command, a, b string) error {
	if o.output != "table" && o.output != "json" {
		return cli.Usage(fmt.Errorf("--output %q: want table or json", o.output))
	}
	conf, err := config.Load(c.Flags(), os.Environ(), o.file)
	if err != nil {
		return cli.Usage(err)
	}
	var connections [2]*stream.Connection
	var runs [2]*replay.Run
	for i, prefix := range []string{a, b} {
		of := *conf
		of.Kafka.Prefix = prefix
		if connections[i], err = service.Connect(c.Context(), &of, service.NewLogger(&of, c.ErrOrStderr()), nil); err != nil {
			return err
		}
		runs[i] = replay.NewRun()
		err := connections[i].ReadAll(c.Context(), func(e stream.Entry) error { runs[i].Add(e); return nil }, replay.Compared()...)
		if err != nil {
			return fmt.Errorf("%s: %w", prefix, err)
		}
	}
	r := summary(replay.Compare(runs[0], runs[1]))
	if r.Ticks == 0 {
		return fmt.Errorf("%s and %s have decided no tick in common: there is nothing to compare", a, b)
	}
	if r.Different > 0 {
		if err := o.explain(c.Context(), &r, connections, runs); err != nil {
			return err
		}
	}
	if err := o.write(c.OutOrStdout(), &r, a, b); err != nil {
		return err
	}
	if r.Different > 0 {
		return errDiffer
	}
	return nil
}

func summary(differences []replay.Difference, both int) result {
	r := result{Ticks: both, Differences: []replay.Difference{}, Why: []cause{}}
	ticks := map[string]bool{}
	for _, d := range differences {
		switch {
		case d.What == "decided" && d.A == "yes":
			r.OnlyA++
		case d.What == "decided":
			r.OnlyB++
		default:
			ticks[fmt.Sprint(d.Fleet, d.Tick)] = true
			r.Differences = append(r.Differences, d)
		}
	}
	r.Different = len(ticks)
	return r
}

// explain finds the first inputs on which the runs differ.
func (o *options) explain(ctx context.Context, r *result, connections [2]*stream.Connection, runs [2]*replay.Run) error {
	found := map[string]*cause{}
	for i, c := range connections {
		err := c.ReadAll(ctx, func(e stream.Entry) error {
			if !runs[1-i].InputDiffers(e) {
				return nil
			}
			at := replay.EventTime(e.Event)
			key := fmt.Sprint(e.Topic, "|", e.Partition, "|", e.Fleet, "|", e.Key, "|", at)
			one := found[key]
			if one == nil {
				one = &cause{Topic: e.Topic, Fleet: e.Fleet, Key: e.Key, At: at}
				found[key] = one
			}
			if text := fmt.Sprintf("%+v", e.Event); i == 0 {
				one.A = text
			} else {
				one.B = text
			}
			return nil
		}, ingest.Fed()...)
		if err != nil {
			return err
		}
	}
	r.Inputs = len(found)
	for _, one := range found {
		r.Why = append(r.Why, *one)
	}
	slices.SortFunc(r.Why, func(a, b cause) int {
		if a.At != b.At {
			return int(min(max(a.At-b.At, -1), 1))
		}
		return slices.Compare([]string{a.Topic, string(a.Fleet), a.Key}, []string{b.Topic, string(b.Fleet), b.Key})
	})
	r.Why = r.Why[:min(len(r.Why), o.limit)]
	return nil
}

func (o *options) write(w io.Writer, r *result, a, b string) error {
	if o.output == "json" {
		return json.NewEncoder(w).Encode(r)
	}
	fmt.Fprintf(w, "%d decisions compared, %d differ; %d only in %s, %d only in %s\n", r.Ticks, r.Different, r.OnlyA, a, r.OnlyB, b)
	for _, d := range r.Differences[:min(len(r.Differences), o.limit)] {
		fmt.Fprintf(w, "\n%v %s: %s\n  %s %s\n  %s %s\n", d.Tick, d.Fleet, d.What, a, shorten(d.A), b, shorten(d.B))
	}
	if r.Different == 0 {
		return nil
	}
	if r.Inputs == 0 {
		_, err := fmt.Fprintf(w, "\nWhy: what fleets sent is the same in both; the code or the settings differ.\n")
		return err
	}
	fmt.Fprintf(w, "\nWhy: %d of the records that fleets sent differ, the first of them:\n", r.Inputs)
	for _, c := range r.Why {
		fmt.Fprintf(w, "  %v %s %s %s\n    %s %s\n    %s %s\n", c.At, c.Topic, c.Fleet, c.Key, a, shorten(c.A), b, shorten(c.B))
	}
	return nil
}

// shorten fits a text to a few lines.
func shorten(s string) string {
	if s == "" {
		return "-"
	}
	if r := []rune(s); len(r) > 300 {
		return string(r[:300]) + "..."
	}
	return s
}
