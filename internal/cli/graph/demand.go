package graph

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/graph/demand"
	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
	"drover/internal/ingest/mapping"
	"drover/internal/model"
)

// perCall is what a call of one application to another costs the latter.
type perCall struct {
	Application model.ApplicationID `json:"application"`
	// Caller is "*" where callers could not be told apart.
	Caller  model.ApplicationID `json:"caller"`
	Demand  float64             `json:"demand_ms"`
	Error   float64             `json:"error_ms"`
	Base    float64             `json:"base_millicores"`
	Samples int                 `json:"samples"`
}

func demandCommand() *cobra.Command {
	var s source
	var metrics, metricsFormat string
	var bin time.Duration
	cmd := &cobra.Command{
		Use:   "demand --metrics FILE --format FORMAT FILE...",
		Short: "Estimate the CPU time that a call costs each application",
		Long: `Estimate the service demand per call: how much CPU time a call costs the
application that it goes to, by the utilisation law U = base + sum of X S, from the
CPU that the metrics tell and the calls that the traces show in the same bins of
time. The fit is robust, and each figure comes with its standard error. Callers
whose calls rise and fall together can't be told apart and are shown as "*".`,
		Example: "  drover graph demand --metrics cpu.csv --format otlp-traces traces.json",
		RunE: func(cmd *cobra.Command, files []string) error {
			if metrics == "" {
				return cli.Usage(errors.New("--metrics: want a file with the CPU of the applications"))
			}
			if bin < time.Second {
				return cli.Usage(fmt.Errorf("--bin %s: want at least 1s", bin))
			}
			calls, err := s.calls(cmd, files)
			if err != nil {
				return err
			}
			used, err := readUsage(cmd, metricsFormat, metrics, bin)
			if err != nil {
				return err
			}
			answer := demands(calls, used, bin, func(app model.ApplicationID, err error) {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v\n", app, err)
			})
			if len(answer) == 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "no demand is known: want ten or more bins of %s in which an application is called and measured\n", bin)
			}
			return show(cmd, s.output, answer, "APPLICATION\tCALLER\tMS A CALL\t+- MS\tBASE MILLICORES\tSAMPLES", func(w io.Writer) {
				for _, d := range answer {
					fmt.Fprintf(w, "%s\t%s\t%.3f\t%.3f\t%.1f\t%d\n", d.Application, d.Caller, d.Demand, d.Error, d.Base, d.Samples)
				}
			})
		},
	}
	s.bind(cmd)
	cmd.Flags().StringVar(&metrics, "metrics", "", "file with the CPU of applications or their replicas")
	cmd.Flags().StringVar(&metricsFormat, "metrics-format", "metrics-csv", "format of --metrics: metrics-csv, prometheus, openmetrics, otlp-metrics, influx or events")
	cmd.Flags().DurationVar(&bin, "bin", time.Minute, "length of the bins in which calls and CPU are compared")
	return cmd
}

// cell is one application in one bin.
type cell struct {
	app model.ApplicationID
	bin model.Instant
}

// readUsage returns the millicores that each application used in each bin.
func readUsage(cmd *cobra.Command, formatName, file string, bin time.Duration) (map[cell]float64, error) {
	parse, err := catalog.Find(formatName)
	if err != nil {
		return nil, cli.Usage(fmt.Errorf("--metrics-format: %w", err))
	}
	rules, err := mapping.Load(nil)
	if err != nil {
		return nil, err
	}
	data, err := readFile(cmd, file)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	u := newUsage(bin)
	mapper := mapping.NewMapper(rules, format.Options{})
	out := format.NewOut(func(event any) {
		switch e := event.(type) {
		case *format.Point:
			mapper.Add(e)
		case model.Metric:
			u.add(e)
		}
	})
	parse(data, format.Options{}, out)
	mapper.Flush(true, u.add)
	if out.Rejected > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d of %d records left out: %v\n", file, out.Rejected, out.Rejected+out.Records, out.First)
	}
	used := u.millicores()
	if len(used) == 0 {
		return nil, fmt.Errorf("--metrics %s: no CPU of an application or replica in it", file)
	}
	return used, nil
}

// demands fits each application that is called and measured; those for which
// that fails go to unknown with the reason.
func demands(calls []model.Call, used map[cell]float64, bin time.Duration, unknown func(model.ApplicationID, error)) []perCall {
	type way struct{ callee, caller model.ApplicationID }
	counts := map[way]map[model.Instant]float64{}
	callers := map[model.ApplicationID][]model.ApplicationID{}
	for _, c := range calls {
		k := way{c.Callee, c.Caller}
		if counts[k] == nil {
			counts[k] = map[model.Instant]float64{}
			callers[c.Callee] = append(callers[c.Callee], c.Caller)
		}
		counts[k][c.At.Floor(bin)] += float64(c.Calls)
	}
	samples := map[model.ApplicationID][]demand.Sample{}
	cells := covered(calls, used, bin)
	for _, k := range cells {
		slices.Sort(callers[k.app])
		sample := demand.Sample{CPUMilli: used[k]}
		for _, caller := range callers[k.app] {
			sample.CallsPerSecond = append(sample.CallsPerSecond, counts[way{k.app, caller}][k.bin]/bin.Seconds())
		}
		samples[k.app] = append(samples[k.app], sample)
	}
	answer := []perCall{}
	for i, k := range cells {
		if i > 0 && cells[i-1].app == k.app || len(callers[k.app]) == 0 {
			continue
		}
		d, err := demand.Fit(samples[k.app])
		if err != nil {
			unknown(k.app, err)
			continue
		}
		names := callers[k.app]
		if d.Pooled {
			names = []model.ApplicationID{"*"}
		}
		for class, caller := range names {
			answer = append(answer, perCall{k.app, caller, d.Micros[class] / 1000, d.ErrorMicros[class] / 1000, d.BaseMilli, d.Samples})
		}
	}
	return answer
}

// covered returns, in order, the cells that lie wholly within the time of the
// traces: outside of it nobody knows how often an application was called.
func covered(calls []model.Call, used map[cell]float64, bin time.Duration) []cell {
	var first, last model.Instant
	for _, c := range calls {
		if first == 0 || c.At < first {
			first = c.At
		}
		last = max(last, c.At)
	}
	var cells []cell
	for k := range used {
		if k.bin >= first && k.bin.Add(bin) <= last {
			cells = append(cells, k)
		}
	}
	slices.SortFunc(cells, func(a, b cell) int { return cmp.Or(cmp.Compare(a.app, b.app), cmp.Compare(a.bin, b.bin)) })
	return cells
}
