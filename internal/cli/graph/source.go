package graph

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/graph"
	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
	"drover/internal/model"
)

// source is the graph that a query asks: the traces of files, and what a
// manifest or an inventory declares.
type source struct {
	format, output           string
	declared, declaredFormat string
}

// bind adds the flags that all queries share.
func (s *source) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.format, "format", "", "format of the files: zipkin, jaeger, otlp-traces or spans-csv")
	cmd.Flags().StringVarP(&s.output, "output", "o", "table", "json or table")
	cmd.Flags().StringVar(&s.declared, "declared", "", "file of declared dependencies and placements, added to what the traces show")
	cmd.Flags().StringVar(&s.declaredFormat, "declared-format", "inventory", "format of --declared: inventory, compose or kubernetes")
	_ = cmd.MarkFlagRequired("format")
	cmd.Args = cli.WantFiles
}

// check refuses values of flags that are none.
func (s *source) check() error {
	if _, ok := rules[s.format]; !ok {
		return cli.Usage(fmt.Errorf("--format %q: want zipkin, jaeger, otlp-traces or spans-csv", s.format))
	}
	if s.output != "json" && s.output != "table" {
		return cli.Usage(fmt.Errorf("--output %q: want json or table", s.output))
	}
	switch s.declaredFormat {
	case "inventory", "compose", "kubernetes":
		return nil
	}
	return cli.Usage(fmt.Errorf("--declared-format %q: want inventory, compose or kubernetes", s.declaredFormat))
}

// calls reads and links the spans of all files and tells on stderr what was
// seen of them.
func (s *source) calls(cmd *cobra.Command, files []string) ([]model.Call, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	spans, err := readSpans(cmd, s.format, files)
	if err != nil {
		return nil, err
	}
	calls, counts := rules[s.format](spans)
	report(cmd.ErrOrStderr(), counts)
	for i := range calls {
		calls[i].Fleet = "" // files hold one fleet, whatever they call it
	}
	return calls, nil
}

// view reads the whole graph that is asked.
func (s *source) view(cmd *cobra.Command, files []string) (*graph.View, []model.Application, error) {
	calls, err := s.calls(cmd, files)
	if err != nil {
		return nil, nil, err
	}
	apps, err := s.applications(cmd)
	if err != nil {
		return nil, nil, err
	}
	return newView(calls, period(calls)).Complete(apps), apps, nil
}

// applications reads --declared.
func (s *source) applications(cmd *cobra.Command) ([]model.Application, error) {
	if s.declared == "" {
		return nil, nil
	}
	parse, err := catalog.Find(s.declaredFormat)
	if err != nil {
		return nil, cli.Usage(err)
	}
	data, err := readFile(cmd, s.declared)
	if err != nil {
		return nil, fmt.Errorf("--declared: %w", err)
	}
	var apps []model.Application
	out := format.NewOut(func(event any) {
		if a, ok := event.(model.Application); ok {
			a.Fleet = ""
			apps = append(apps, a)
		}
	})
	parse(data, format.Options{}, out)
	if !out.OK() {
		return nil, fmt.Errorf("--declared %s: %w", s.declared, out.First)
	}
	if len(apps) == 0 {
		return nil, fmt.Errorf("--declared %s: no application in it; is it %s?", s.declared, s.declaredFormat)
	}
	return apps, nil
}

// newView makes a graph of calls that were seen within a period.
func newView(calls []model.Call, seen time.Duration) *graph.View {
	type ends struct{ caller, callee model.ApplicationID }
	origins, last := map[ends]model.EdgeOrigin{}, map[ends]model.Instant{}
	for _, c := range calls {
		k := ends{c.Caller, c.Callee}
		origins[k] |= c.Origin
		last[k] = max(last[k], c.At)
	}
	var edges []model.Edge
	for _, e := range newResult(calls).Edges {
		k, seconds := ends{e.Caller, e.Callee}, seen.Seconds()
		edges = append(edges, model.Edge{Caller: e.Caller, Callee: e.Callee, Origins: origins[k], LastSeen: last[k], Confidence: 1,
			CallsPerSecond: float64(e.Calls) / seconds, ErrorsPerSecond: float64(e.Errors) / seconds,
			RequestBytesPerSecond: float64(e.RequestBytes) / seconds, ResponseBytesPerSecond: float64(e.ResponseBytes) / seconds,
			Calls: e.Calls, Errors: e.Errors, P50Micros: uint64(1000 * e.P50), P95Micros: uint64(1000 * e.P95)})
	}
	return graph.NewView("", edges)
}

// period is the time that calls were seen in, at least a second. Where single
// calls lie far from all others their clock is wrong: they don't stretch it.
func period(calls []model.Call) time.Duration {
	var times []model.Instant
	for _, c := range calls {
		if c.At > 0 {
			times = append(times, c.At)
		}
	}
	if len(times) == 0 {
		return time.Second
	}
	slices.Sort(times)
	n := len(times)
	whole, middle := times[n-1].Sub(times[0]), times[n-1-n/100].Sub(times[n/100])
	if whole > 10*max(middle, time.Second) {
		whole = middle
	}
	return max(whole, time.Second)
}

// known refuses an application that the graph doesn't have.
func known(v *graph.View, app model.ApplicationID) error {
	apps := v.Applications()
	if app == "" {
		return cli.Usage(errors.New("--application: want the application that is asked about"))
	}
	if _, found := slices.BinarySearchFunc(apps, app, func(a, b model.ApplicationID) int { return cmp.Compare(a, b) }); found {
		return nil
	}
	const most = 10
	named, more := apps, ""
	if len(named) > most {
		named, more = named[:most], fmt.Sprintf(" and %d more", len(apps)-most)
	}
	return fmt.Errorf("--application %q: not in the graph, which has %v%s", app, named, more)
}
