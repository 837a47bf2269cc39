package stream

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"drover/internal/model"
	"drover/internal/stage"
)

// telling is a counting task that reports, and makes its events late.
type telling struct{ *counting }

func (t telling) Report() stage.Report { return stage.Report{Watermark: 7_000, Series: len(t.Counts)} }

func (t telling) Handle(rec stage.Record) ([]stage.Emission, error) {
	out, err := t.counting.Handle(rec)
	for i := range out {
		event := out[i].Event
		out[i].Event, out[i].Make = nil, func() any { return event }
	}
	return out, err
}

// figures returns what a registry holds, summed over labels.
func figures(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			out[f.GetName()] += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return out
}

func TestTheLoopTellsHowFarItIs(t *testing.T) {
	conn := connect(t)
	registry := prometheus.NewRegistry()
	conn.meters = newMeters(registry)
	p := producer(t, conn)
	for i := range int64(3) {
		if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", i+1)); err != nil {
			t.Fatal(err)
		}
	}
	stop := start(t, Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics, Paths, Calls}, Store: newStates(), Fenced: errFenced,
		NewTask:   func(n int32) stage.Task { return telling{newCounting(n).(*counting)} },
		SaveEvery: 20 * time.Millisecond})
	entries := await(t, conn, 3, nil, Forecasts)
	if f := entries[2].Event.(model.Forecast); f.Samples != 3 {
		t.Errorf("the last of the forecasts made late says %d, want 3", f.Samples)
	}
	deadline := time.Now().Add(time.Minute)
	var got map[string]float64
	for ; time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if got = figures(t, registry); got["drover_stream_series"] == 1 && got["drover_stream_persist_seconds"] > 0 {
			break
		}
	}
	for name, want := range map[string]float64{"drover_stream_series": 1, "drover_stream_watermark_timestamp_seconds": 4 * 7,
		"drover_stream_records_total": 3, "drover_stream_emitted_total": 3, "drover_stream_partitions": 4, "drover_stream_rebalances_total": 12} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	for _, name := range []string{"drover_stream_batch_records", "drover_stream_persist_seconds", "drover_stream_watermark_delay_seconds"} {
		if got[name] <= 0 {
			t.Errorf("%s is %v, want more than nothing", name, got[name])
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := figures(t, registry); got["drover_stream_series"] != 0 || got["drover_stream_partitions"] != 0 {
		t.Errorf("after the hand-over %v series and %v partitions are told of", got["drover_stream_series"], got["drover_stream_partitions"])
	}
}
