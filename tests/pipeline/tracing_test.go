package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/tests/child"
	"drover/tests/otlp"
	"drover/tests/stream/servers"
)

// story is what one trace must tell, by service and span, from a sender's metrics
// to what came of a migration.
var story = []string{
	"ingest publish metrics", "forecaster process metrics", "planner process forecasts", "executor process plans",
	"executor publish steps", "executor publish outcomes", "planner process outcomes",
}

// TestOneTraceFromAMetricToAMigration runs the four programs on a real broker,
// with an OTLP receiver, until one trace tells the whole story and hangs together.
func TestOneTraceFromAMetricToAMigration(t *testing.T) {
	up := servers.Start(t, 1)
	receiver := otlp.Start(t)
	s := write(t, 7, 40)
	const prefix = "traced."
	run(t, patience, "drover", "topics", "apply", "--brokers", up.Brokers[0], "--prefix", prefix)
	address := child.FreeAddress(t)
	// A trace goes through one partition of each topic: the story has to be told of
	// whole ticks, so everything is recorded.
	common := []string{"--brokers", up.Brokers[0], "--redis", up.Redis, "--prefix", prefix, "--tracing-endpoint", receiver.URL, "--tracing-sampled-ppm", "1000000"}
	programs := []*child.Process{start(t, "ingest", append([]string{"--listen", address, "--clock", "sender", "--producer", stormProducer,
		"--credentials", credentials(t, stormFleets), "--log-level", "warn"}, common...)...)}
	for _, name := range stormServices {
		programs = append(programs, start(t, name, append(append([]string{"--listen", "127.0.0.1:0"}, common...), stormFlags()...)...))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- newFeeder(address).all(ctx, s.moments, nil) }()
	var best []string
	for {
		trace, told := tellsMost(receiver.Spans())
		if len(told) == len(story) {
			t.Logf("trace %s: %s", trace, strings.Join(told, ", "))
			break
		}
		best = told
		for _, p := range programs {
			if !p.Alive() {
				t.Fatalf("%s ended: %v", p.Name, p.Err())
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no trace tells it all; the best of %d spans tells %v", len(receiver.Spans()), best)
		case <-time.After(time.Second):
		}
	}
	cancel() // the rest of the script may not be needed
	if err := <-sent; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, said := get("http://" + address + "/metrics"); !strings.Contains(said, "drover_tracing_spans_total") {
		t.Error("ingest has no figure of the spans it sent")
	}
}

// tellsMost returns the trace that tells most of the story among those whose spans
// all have their parents.
func tellsMost(spans []otlp.Span) (trace string, told []string) {
	for id, list := range otlp.Rooted(spans) {
		has := map[string]bool{}
		for _, s := range list {
			has[fmt.Sprint(s.Service, " ", s.Name)] = true
		}
		var tells []string
		for _, chapter := range story {
			if has[chapter] {
				tells = append(tells, chapter)
			}
		}
		if len(tells) > len(told) || len(tells) == len(told) && id < trace {
			trace, told = id, slices.Clone(tells)
		}
	}
	return trace, told
}
