package forecaster

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// fleetOf returns a task that has seen half an hour of so many servers, the time of
// its next tick, and where its log stands.
func fleetOf(t *testing.T, servers int) (task *Task, at model.Instant, offset int64) {
	t.Helper()
	config := testConfig()
	config.Horizon = 36
	task, at = NewTask(config, 0), 1_790_000_100_000
	entities := make([]model.EntityID, servers)
	for i := range entities {
		entities[i] = model.ServerEntity(model.ServerID(fmt.Sprintf("s%d", i)))
	}
	for range 30 {
		for _, rec := range minuteOf(entities, at, offset) {
			out, err := task.Handle(rec)
			if err != nil {
				t.Fatal(err)
			}
			collect(t, out)
			offset++
		}
		at = at.Add(time.Minute)
	}
	return task, at, offset
}

func heartbeatAt(at model.Instant, offset int64) stage.Record {
	return stage.Record{Topic: stream.Metrics, Offset: offset, Event: model.Heartbeat{Producer: "p", At: at}}
}

// After a night of silence one heartbeat completes many ticks. What they say must
// not stand in memory together: here it would take 100 MiB.
func TestANightOfSilenceTakesNoMemory(t *testing.T) {
	const servers, series, ticks = 25, 4 * 25, 200
	task, at, offset := fleetOf(t, servers)
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, most, made, pieces := heap(), int64(0), 0, 0
	out, err := task.Handle(heartbeatAt(at.Add((ticks-1)*5*time.Minute), offset))
	if err != nil {
		t.Fatal(err)
	}
	err = stage.Each(out, func(first int, piece []stage.Emission) error {
		if first != made {
			t.Errorf("a piece begins at %d after %d emissions", first, made)
		}
		for i := range piece {
			task.Recycle(piece[i].Content())
		}
		made += len(piece)
		if pieces++; pieces%50 == 0 {
			most = max(most, heap()-before)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := ticks * (series + 1); made != want || pieces != ticks {
		t.Errorf("%d emissions in %d pieces, want %d in %d", made, pieces, want, ticks)
	}
	if most > 8<<20 {
		t.Errorf("%d bytes are held while the ticks are told, want less than 8 MiB", most)
	}
}

// A tick of many series comes in pieces of bounded length, in the order of one.
func TestATickOfManySeriesComesInPieces(t *testing.T) {
	const servers = 700
	task, at, offset := fleetOf(t, servers)
	out, err := task.Handle(heartbeatAt(at, offset))
	if err != nil {
		t.Fatal(err)
	}
	var lengths []int
	seen, before := map[string]bool{}, ""
	err = stage.Each(out, func(_ int, piece []stage.Emission) error {
		lengths = append(lengths, len(piece))
		for i := range piece {
			if f, ok := piece[i].Content().(model.Forecast); ok {
				key := fmt.Sprint(f.Entity, " ", int(f.Resource))
				if key <= before || seen[key] {
					t.Errorf("%s comes after %s", key, before)
				}
				seen[key], before = true, key
			}
		}
		return nil
	})
	if err != nil || len(seen) != 4*servers || !reflect.DeepEqual(lengths, []int{1024, 1024, 753}) {
		t.Errorf("%d forecasts in pieces of %v, error %v; want 2800 in pieces of 1024, 1024, 753", len(seen), lengths, err)
	}
}

// One heartbeat over many ticks says what many heartbeats do, and leaves the same
// state behind.
func TestOneHeartbeatSaysWhatManyDo(t *testing.T) {
	slow, at, offset := fleetOf(t, 3)
	fast, _, _ := fleetOf(t, 3)
	end := at.Add(55 * time.Minute)
	var want []stage.Emission
	for beat := at; beat <= end; beat = beat.Add(time.Minute) {
		out, err := slow.Handle(heartbeatAt(beat, offset))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, collect(t, out)...)
		offset++
	}
	out, err := fast.Handle(heartbeatAt(end, offset-1))
	if err != nil {
		t.Fatal(err)
	}
	if got := collect(t, out); !reflect.DeepEqual(got, want) || len(want) != 12*13 {
		t.Errorf("%d emissions, %d beat by beat; they differ, or are not 156", len(got), len(want))
	}
	a, err := slow.AppendSnapshot(nil)
	b, failed := fast.AppendSnapshot(nil)
	if err := errors.Join(err, failed); err != nil || !bytes.Equal(a, b) {
		t.Errorf("the states differ (error %v)", err)
	}
}

// Who leaves pieces untaken is told: the state would be that of half a record.
func TestNothingHappensInTheMiddleOfARecord(t *testing.T) {
	task, at, offset := fleetOf(t, 2)
	out, err := task.Handle(heartbeatAt(at.Add(time.Hour), offset))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := task.Handle(heartbeatAt(at.Add(2*time.Hour), offset+1)); !errors.Is(err, errUnsaid) {
		t.Errorf("the next record: error %v, want %v", err, errUnsaid)
	}
	if _, err := task.AppendSnapshot(nil); !errors.Is(err, errUnsaid) {
		t.Errorf("a snapshot: error %v, want %v", err, errUnsaid)
	}
	collect(t, out)
	if _, err := task.AppendSnapshot(nil); err != nil {
		t.Errorf("a snapshot after all was taken: %v", err)
	}
}
