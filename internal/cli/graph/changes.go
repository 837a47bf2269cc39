package graph

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/graph"
	"drover/internal/model"
)

// change is what differs between two times.
type change struct {
	Kind   graph.ChangeKind    `json:"kind"`
	Caller model.ApplicationID `json:"caller"`
	Callee model.ApplicationID `json:"callee"`
	Before figures             `json:"before"`
	After  figures             `json:"after"`
}

// figures are those of an edge that a change may be about; all 0 where there is
// no edge.
type figures struct {
	CallsPerSecond  float64 `json:"calls_per_second"`
	ErrorsPerSecond float64 `json:"errors_per_second"`
	P95             float64 `json:"p95_ms"`
}

func newFigures(e model.Edge) figures {
	return figures{e.CallsPerSecond, e.ErrorsPerSecond, float64(e.P95Micros) / 1000}
}

func changesCommand() *cobra.Command {
	var s source
	var at string
	var factor float64
	cmd := &cobra.Command{
		Use:   "changes --at TIME --format FORMAT FILE...",
		Short: "Show what changed in the graph between before and after a time",
		Long: `Show what changed between the calls before a time and those from then on:
edges that appeared or vanished, rates and 95 % response times that differ by a
factor, and shares of failed calls that differ by one in a hundred.`,
		Example: "  drover graph changes --at 2026-03-01T12:00:00Z --format otlp-traces morning.json afternoon.json",
		RunE: func(cmd *cobra.Command, files []string) error {
			if at == "" {
				return cli.Usage(errors.New("--at: want the time that parts before from after (RFC 3339)"))
			}
			split, err := model.ParseInstant(at)
			if err != nil {
				return cli.Usage(fmt.Errorf("--at: %w", err))
			}
			if !(factor > 1) {
				return cli.Usage(fmt.Errorf("--factor %v: want more than 1", factor))
			}
			calls, err := s.calls(cmd, files)
			if err != nil {
				return err
			}
			answer, err := changesAt(calls, split, factor)
			if err != nil {
				return err
			}
			return show(cmd, s.output, answer, "CHANGE\tCALLER\tCALLEE\tCALLS/S\tERRORS/S\tP95 MS", func(w io.Writer) {
				for _, c := range answer {
					fmt.Fprintf(w, "%s\t%s\t%s\t%.3g > %.3g\t%.3g > %.3g\t%.3f > %.3f\n", c.Kind, c.Caller, c.Callee, c.Before.CallsPerSecond,
						c.After.CallsPerSecond, c.Before.ErrorsPerSecond, c.After.ErrorsPerSecond, c.Before.P95, c.After.P95)
				}
			})
		},
	}
	s.bind(cmd)
	cmd.Flags().StringVar(&at, "at", "", "the time that parts before from after (RFC 3339)")
	cmd.Flags().Float64Var(&factor, "factor", 2, "by how much a rate or response time must differ")
	return cmd
}

// changesAt compares the calls before a time with those from then on. Each side
// is as long as its own calls say.
func changesAt(calls []model.Call, split model.Instant, factor float64) ([]change, error) {
	var before, after []model.Call
	for _, c := range calls {
		if c.At < split {
			before = append(before, c)
		} else {
			after = append(after, c)
		}
	}
	if len(before) == 0 || len(after) == 0 {
		return nil, fmt.Errorf("--at %s: %d calls before it and %d after: nothing to compare", split, len(before), len(after))
	}
	answer := []change{}
	for _, c := range graph.Diff(newView(before, period(before)), newView(after, period(after)), factor) {
		edge := c.After
		if c.Kind == graph.Vanished {
			edge = c.Before
		}
		answer = append(answer, change{c.Kind, edge.Caller, edge.Callee, newFigures(c.Before), newFigures(c.After)})
	}
	return answer, nil
}
