package forecaster

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// cpuTime returns the process's user and system time: the machine may be busy
// with other things, so that wall time says little.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// minuteOf returns a minute's records of so many entities, four samples each.
func minuteOf(entities []model.EntityID, at model.Instant, offset int64) []stage.Record {
	out := make([]stage.Record, 0, len(entities)+1)
	for i, e := range entities {
		v := float64((int64(at)/60_000*7+int64(i))%97) + 10
		out = append(out, stage.Record{Topic: stream.Metrics, Offset: offset, Event: model.Metric{Fleet: "f", Entity: e, At: at, Producer: "p",
			Samples: []model.Sample{{Resource: model.CPU, Value: 100 * v}, {Resource: model.Memory, Value: 1e6 * v},
				{Resource: model.Receive, Value: 10 * v}, {Resource: model.Transmit, Value: 11 * v}}}})
		offset++
	}
	return append(out, stage.Record{Topic: stream.Metrics, Offset: offset, Event: model.Heartbeat{Producer: "p", At: at}})
}

// BenchmarkHour feeds an hour of one-minute records of 2,000 entities (8,000
// series) after three hours of history, and reports CPU time apart for taking a
// record in, for closing a series' bin and for forecasting a series.
func BenchmarkHour(b *testing.B) {
	for b.Loop() {
		config := testConfig()
		config.Horizon, config.Interval = 36, 5*time.Minute
		task := NewTask(config, 0)
		entities := make([]model.EntityID, 2000)
		for i := range entities {
			entities[i] = model.ServerEntity(model.ServerID(fmt.Sprintf("s%d", i)))
		}
		at, offset := model.Instant(1_790_000_100_000), int64(0)
		var records, ticks int
		var taking, ticking time.Duration
		for m := range 240 {
			batch := minuteOf(entities, at, offset)
			offset += int64(len(batch))
			began := cpuTime(b)
			for _, rec := range batch[:len(entities)] {
				if _, err := task.Handle(rec); err != nil {
					b.Fatal(err)
				}
			}
			middle := cpuTime(b)
			out, err := task.Handle(batch[len(entities)])
			if err != nil {
				b.Fatal(err)
			}
			made := publish(b, task, out)
			if m >= 180 {
				records, taking = records+len(entities), taking+middle-began
				ticks, ticking = ticks+max(0, made-1), ticking+cpuTime(b)-middle
			}
			at = at.Add(time.Minute)
		}
		b.ReportMetric(float64(taking.Nanoseconds())/float64(records), "cpu-ns/record")
		b.ReportMetric(float64(ticking.Nanoseconds())/float64(ticks), "cpu-ns/forecast")
		b.ReportMetric(float64(ticks)/float64(records), "forecasts/record")
	}
}

// publish makes what is due as the loop does, and returns how much it was.
func publish(tb testing.TB, task *Task, emissions []stage.Emission) (made int) {
	tb.Helper()
	err := stage.Each(emissions, func(_ int, piece []stage.Emission) error {
		made += len(piece)
		for i := range piece {
			task.Recycle(piece[i].Content())
			piece[i] = stage.Emission{}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return made
}

// BenchmarkGrowth keeps more and more series in one partition for half an hour of
// event time (a record a minute, two ticks) and reports CPU time a record, forecasts
// included, the bytes of state a series, and how many series a CPU second a
// restart loads. A million series need some 9 GB: they are kept with DROVER_LONG=1.
func BenchmarkGrowth(b *testing.B) {
	sizes := []int{10_000, 30_000, 100_000, 300_000}
	if os.Getenv("DROVER_LONG") == "1" {
		sizes = append(sizes, 1_000_000)
	}
	for _, series := range sizes {
		b.Run(fmt.Sprintf("series=%d", series), func(b *testing.B) {
			for b.Loop() {
				growth(b, series)
			}
		})
	}
}

// BenchmarkRestore loads a snapshot of 10,000 series again and again.
func BenchmarkRestore(b *testing.B) {
	const series = 10_000
	config := testConfig()
	config.Horizon = 36
	task, entities := NewTask(config, 0), make([]model.EntityID, series/4)
	for i := range entities {
		entities[i] = model.ServerEntity(model.ServerID(fmt.Sprintf("s%d", i)))
	}
	for minute := range int64(7) {
		for _, rec := range minuteOf(entities, model.Instant(1_790_000_100_000+60_000*minute), minute*int64(len(entities)+1)) {
			if _, err := task.Handle(rec); err != nil {
				b.Fatal(err)
			}
		}
	}
	snapshot, err := task.AppendSnapshot(nil)
	if err != nil {
		b.Fatal(err)
	}
	began, n := cpuTime(b), 0
	for b.Loop() {
		if err := NewTask(config, 0).Restore(snapshot); err != nil {
			b.Fatal(err)
		}
		n += series
	}
	b.ReportMetric(float64(n)/(cpuTime(b)-began).Seconds(), "restored/cpu-s")
}

func growth(b *testing.B, series int) {
	config := testConfig()
	config.Horizon, config.Interval = 36, 15*time.Minute
	task := NewTask(config, 0)
	entities := make([]model.EntityID, series/4)
	for i := range entities {
		entities[i] = model.ServerEntity(model.ServerID(fmt.Sprintf("s%d", i)))
	}
	at, offset, records := model.Instant(1_790_000_100_000), int64(0), 0
	var took time.Duration
	for range 30 {
		batch := minuteOf(entities, at, offset)
		offset, at, records = offset+int64(len(batch)), at.Add(time.Minute), records+len(entities)
		began := cpuTime(b)
		for _, rec := range batch {
			out, err := task.Handle(rec)
			if err != nil {
				b.Fatal(err)
			}
			publish(b, task, out)
		}
		took += cpuTime(b) - began
	}
	snapshot, err := task.AppendSnapshot(nil)
	if err != nil {
		b.Fatal(err)
	}
	task = nil
	runtime.GC() // a restart does not have the old state beside the new one
	again := NewTask(config, 0)
	began := cpuTime(b)
	if err := again.Restore(snapshot); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(records), "cpu-ns/record")
	b.ReportMetric(float64(len(snapshot))/float64(series), "B/series")
	b.ReportMetric(float64(series)/(cpuTime(b)-began).Seconds(), "restored/cpu-s")
}
