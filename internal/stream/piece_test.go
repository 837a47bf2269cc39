package stream

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stage"
)

// later is a counting task that counts only when the loop asks for more.
type later struct{ *counting }

func newLater(n int32) stage.Task { return later{newCounting(n).(*counting)} }

func (l later) Handle(rec stage.Record) ([]stage.Emission, error) {
	return []stage.Emission{{More: func() ([]stage.Emission, error) { return l.counting.Handle(rec) }}}, nil
}

// talking says of every record in pieces of rising length what it has said so far.
type talking struct {
	stage.Positions
	Said int64
}

const talked = 1 + 2 + 3 // of a record

func (k *talking) Full(string) bool { return false }

func (k *talking) Handle(rec stage.Record) ([]stage.Emission, error) {
	if !k.Fold(rec) {
		return nil, nil
	}
	return k.piece(rec.Event.(model.Metric), 1), nil
}

func (k *talking) piece(m model.Metric, length int) (out []stage.Emission) {
	for range length {
		k.Said++
		out = append(out, stage.Emission{Topic: Forecasts, Fleet: m.Fleet, Key: string(m.Entity), Partition: stage.ByKey,
			Event: model.Forecast{Fleet: m.Fleet, Entity: m.Entity, Samples: k.Said}})
	}
	if length < 3 {
		out = append(out, stage.Emission{More: func() ([]stage.Emission, error) { return k.piece(m, length+1), nil }})
	}
	return out
}

func (k *talking) AppendSnapshot(b []byte) ([]byte, error) {
	s, err := json.Marshal(k)
	return append(b, s...), err
}

func (k *talking) Restore(b []byte) error { return json.Unmarshal(b, k) }

// What a task says of a record in pieces is published in order, under ids that
// count through, and is told as committed.
func TestPiecesOfARecordAreOneSequence(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{Snapshot, Transaction} {
		t.Run(fmt.Sprint("mode ", mode), func(t *testing.T) {
			t.Parallel()
			conn := connect(t)
			p := producer(t, conn)
			for i := range int64(2) {
				if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", i)); err != nil {
					t.Fatal(err)
				}
			}
			var mu sync.Mutex
			var committed []int64
			stop := start(t, Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics}, Mode: mode, Store: newStates(),
				Fenced: errFenced, SaveEvery: 20 * time.Millisecond,
				NewTask: func(int32) stage.Task { return &talking{Positions: stage.Positions{}} },
				OnCommitted: func(_ int32, emissions []stage.Emission) {
					mu.Lock()
					defer mu.Unlock()
					for _, e := range emissions {
						committed = append(committed, e.Event.(model.Forecast).Samples)
					}
				}})
			var all []int64
			for i, e := range await(t, conn, 2*talked, nil, Forecasts) {
				id := fmt.Sprintf("%s/%s/%d/%d/%d", Forecaster, Metrics, Partition(Metrics, "f", "server:a", 4), i/talked, i%talked)
				all = append(all, int64(i+1))
				if f := e.Event.(model.Forecast); e.ID() != id || f.Samples != int64(i+1) {
					t.Errorf("record %d: id %s, content %d, want %s, %d", i, e.ID(), f.Samples, id, i+1)
				}
			}
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			if mode == Transaction && !slices.Equal(committed, all) {
				t.Errorf("committed %v, want %v", committed, all)
			}
		})
	}
}
