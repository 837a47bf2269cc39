package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/config"
	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/replay"
	"drover/internal/stage"
	"drover/internal/stream"
)

func nezhaCommand() *cobra.Command {
	var f shared
	c := &cobra.Command{
		Use:   "nezha DIR",
		Short: "Replay a day of a ten-service shop: metrics, calls and spans",
		Long: `Replay the Nezha data set of 2022-08-22: one-minute metrics of ten services, calls
per edge and minute, and spans where they are there. Shows the dependency graph
and the forecast of every service as they stand at the end.`,
		Args:    cobra.ExactArgs(1),
		Example: "  drover replay nezha ../shared/data/nezha",
		RunE: func(cmd *cobra.Command, args []string) error {
			conf, err := f.load(cmd)
			if err != nil {
				return err
			}
			return runNezha(cmd.Context(), conf, &f, args[0], cmd.OutOrStdout())
		},
	}
	f.register(c)
	return c
}

// nezhaResult is what the replay shows.
type nezhaResult struct {
	Edges     []edgeRow     `json:"edges"`
	Forecasts []forecastRow `json:"forecasts"`
	Seconds   float64       `json:"seconds"`
}

type edgeRow struct {
	Caller    model.ApplicationID `json:"caller"`
	Callee    model.ApplicationID `json:"callee"`
	Calls     uint64              `json:"calls"`
	Errors    uint64              `json:"errors"`
	P50Millis float64             `json:"p50_ms"`
	P95Millis float64             `json:"p95_ms"`
}

type forecastRow struct {
	Entity   model.EntityID `json:"entity"`
	Resource string         `json:"resource"`
	Observed float64        `json:"observed"`
	Ahead    float64        `json:"q50_ahead"`
	High     float64        `json:"q95_ahead"`
	Trusted  bool           `json:"trusted"`
}

func runNezha(ctx context.Context, conf *config.Config, f *shared, dir string, w io.Writer) error {
	day, err := replay.OpenNezha(dir)
	if err != nil {
		return err
	}
	conf.Policy, conf.Horizon = "none", 12
	began := time.Now()
	seen := nezhaSeen{last: day.LastTick(conf.Interval), edges: map[[2]model.ApplicationID]model.Edge{},
		forecasts: map[string]model.Forecast{}, complete: map[string]bool{}, need: 3 * conf.Kafka.ByKey * conf.Kafka.ByFleet}
	j := job{conf: conf, producer: replay.NezhaProducer, stages: f.stages == "all",
		topics: []string{stream.Graph, stream.Forecasts},
		feed: func(ctx context.Context, feed *ingest.Feed, after model.Instant) error {
			return day.Run(ctx, feed, after)
		},
		watch: seen.watch}
	if err := j.run(ctx); err != nil {
		return fmt.Errorf("replay of %s: %w", dir, err)
	}
	result := seen.result()
	result.Seconds = time.Since(began).Seconds()
	if f.output == "json" {
		return json.NewEncoder(w).Encode(result)
	}
	return result.write(w)
}

// nezhaSeen gathers the latest edges and forecasts until every partition of
// every input has completed the last tick.
type nezhaSeen struct {
	last      model.Instant
	edges     map[[2]model.ApplicationID]model.Edge
	forecasts map[string]model.Forecast
	complete  map[string]bool // sources that have completed the last tick, by fleet partition
	need      int
}

func (s *nezhaSeen) watch(rec stage.Record) bool {
	switch e := rec.Event.(type) {
	case model.Edge:
		s.edges[[2]model.ApplicationID{e.Caller, e.Callee}] = e
	case model.Forecast:
		s.forecasts[string(e.Entity)+" "+e.Resource.String()] = e
	case model.Marker:
		if e.At >= s.last {
			s.complete[fmt.Sprint(rec.Topic, rec.Partition, e.Source)] = true
		}
	}
	return len(s.complete) >= s.need
}

func (s *nezhaSeen) result() nezhaResult {
	var r nezhaResult
	for _, e := range s.edges {
		r.Edges = append(r.Edges, edgeRow{e.Caller, e.Callee, e.Calls, e.Errors, float64(e.P50Micros) / 1000, float64(e.P95Micros) / 1000})
	}
	slices.SortFunc(r.Edges, func(a, b edgeRow) int {
		return slices.Compare([]model.ApplicationID{a.Caller, a.Callee}, []model.ApplicationID{b.Caller, b.Callee})
	})
	for _, f := range s.forecasts {
		row := forecastRow{Entity: f.Entity, Resource: f.Resource.String(), Observed: f.Observed, Trusted: f.Trusted}
		if h := len(f.Quantiles.Values); h > 0 {
			row.Ahead, row.High = f.Quantiles.At(h-1, 0.5), f.Quantiles.At(h-1, 0.95)
		}
		r.Forecasts = append(r.Forecasts, row)
	}
	slices.SortFunc(r.Forecasts, func(a, b forecastRow) int {
		return slices.Compare([]string{string(a.Entity), a.Resource}, []string{string(b.Entity), b.Resource})
	})
	return r
}

func (r *nezhaResult) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "CALLER\tCALLEE\tCALLS\tERRORS\tP50 ms\tP95 ms")
	for _, e := range r.Edges {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%.1f\t%.1f\n", e.Caller, e.Callee, e.Calls, e.Errors, e.P50Millis, e.P95Millis)
	}
	fmt.Fprintln(t, "\nENTITY\tRESOURCE\tNOW\tIN 1 h, q50\tq95\tTRUSTED")
	for _, f := range r.Forecasts {
		fmt.Fprintf(t, "%s\t%s\t%.0f\t%.0f\t%.0f\t%v\n", f.Entity, f.Resource, f.Observed, f.Ahead, f.High, f.Trusted)
	}
	fmt.Fprintf(t, "\n%.1f s\n", r.Seconds)
	return t.Flush()
}
