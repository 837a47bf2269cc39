package stream

import (
	"testing"
	"time"

	"drover/internal/model"
)

func TestOneRecordGoesThrough(t *testing.T) {
	for _, mode := range []Mode{Snapshot, Transaction} {
		conn := connect(t)
		p := producer(t, conn)
		start(t, Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics, Paths, Calls}, NewTask: newCounting,
			Mode: mode, Store: newStates(), Fenced: errFenced, SaveEvery: 50 * time.Millisecond})
		if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 1)); err != nil {
			t.Fatal(err)
		}
		got := await(t, conn, 1, nil, Forecasts)
		if f := got[0].Event.(model.Forecast); f.Samples != 1 || f.Entity != "server:a" {
			t.Errorf("mode %d: got %+v", mode, f)
		}
	}
}
