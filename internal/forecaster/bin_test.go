package forecaster

import (
	"bytes"
	"math"
	"testing"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// reading is one sample of a producer, minutes after the start.
type reading struct {
	producer string
	minute   float64
	value    float64
}

// observedOf feeds readings of an entity's CPU in order of time and returns what
// each tick of five minutes has observed.
func observedOf(t *testing.T, task *Task, entity model.EntityID, kind model.SampleKind, readings []reading, ticks int) []float64 {
	t.Helper()
	l := &log{topic: stream.Metrics}
	base := model.Instant(1_000_000 * minute)
	out := handle(t, task, l, model.Heartbeat{Producer: "p", At: base})
	at := 0
	for tick := 1; tick <= ticks; tick++ {
		for ; at < len(readings) && readings[at].minute <= float64(5*tick); at++ {
			r := readings[at]
			m := metric(entity, base+model.Instant(r.minute*minute), kind, r.value)
			m.Producer = r.producer
			out = append(out, handle(t, task, l, m)...)
		}
		out = append(out, handle(t, task, l, model.Heartbeat{Producer: "p", At: base + model.Instant(5*tick*minute)})...)
	}
	var values []float64
	for _, e := range out {
		if f, ok := e.Event.(model.Forecast); ok {
			values = append(values, f.Observed)
		}
	}
	return values
}

// each calls fn for the minutes (from, to] in steps.
func each(from, to, step float64, fn func(minute float64)) {
	for m := from + step; m <= to+1e-9; m += step {
		fn(m)
	}
}

func near(got []float64, want ...float64) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-9*(1+math.Abs(want[i])) {
			return false
		}
	}
	return true
}

func TestInstancesOfAnApplicationAddUp(t *testing.T) {
	var gauges, counters []reading
	each(0, 15, 1, func(m float64) {
		gauges = append(gauges, reading{"pod-1", m, 100}, reading{"pod-2", m, 30})
		counters = append(counters, reading{"pod-1", m, 6000 * m}, reading{"pod-2", m, 1800 * m})
	})
	if got := observedOf(t, NewTask(testConfig(), 0), "app:a", model.Gauge, gauges, 3); !near(got, 130, 130, 130) {
		t.Errorf("gauges: %v, want 130", got)
	}
	if got := observedOf(t, NewTask(testConfig(), 0), "app:a", model.Counter, counters, 3); !near(got, 130, 130, 130) {
		t.Errorf("counters: %v, want 100 + 30 a second", got)
	}
	// Two that watch one server tell the same.
	if got := observedOf(t, NewTask(testConfig(), 0), "server:a", model.Counter, counters, 3); !near(got, 65, 65, 65) {
		t.Errorf("a server: %v, want the mean 65", got)
	}
}

func TestAnInstanceThatRestartsKeepsItsSeries(t *testing.T) {
	var readings []reading
	each(0, 15, 1, func(m float64) {
		second := 1800 * m
		if m > 7 { // its process began anew just after minute 7
			second = 1800 * (m - 7)
		}
		readings = append(readings, reading{"pod-1", m, 6000 * m}, reading{"pod-2", m, second})
	})
	if got := observedOf(t, NewTask(testConfig(), 0), "app:a", model.Counter, readings, 3); !near(got, 130, 130, 130) {
		t.Errorf("%v, want 130 in every bin", got)
	}
}

func TestAnInstanceThatTakesAnothersPlaceCountsForTheRest(t *testing.T) {
	var readings []reading
	each(0, 15, 1, func(m float64) {
		readings = append(readings, reading{"pod-1", m, 100})
		if m <= 7 {
			readings = append(readings, reading{"pod-2", m, 40})
		} else {
			readings = append(readings, reading{"pod-3", m, 60})
		}
	})
	want := []float64{140, 100 + (2*40+3*60)/5., 160}
	if got := observedOf(t, NewTask(testConfig(), 0), "app:a", model.Gauge, readings, 3); !near(got, want...) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestCadencesMayDifferAndAScrapeMayBeLost(t *testing.T) {
	var readings []reading
	each(0, 15, 1, func(m float64) {
		if m == 9 {
			return // nothing was scraped
		}
		readings = append(readings, reading{"fast", m, 100})
		if math.Mod(m, 5) == 0 {
			readings = append(readings, reading{"slow", m, 30})
		}
	})
	if got := observedOf(t, NewTask(testConfig(), 0), "app:a", model.Gauge, readings, 3); len(got) != 3 || !near(got[1:], 130, 130) {
		t.Errorf("%v, want 130 from the second bin on", got)
	}
}

func TestOpenBinsOfInstancesSurviveARestart(t *testing.T) {
	task, l := NewTask(testConfig(), 0), &log{topic: stream.Metrics}
	base := model.Instant(1_000_000 * minute)
	handle(t, task, l, model.Heartbeat{Producer: "p", At: base})
	for m := 1; m <= 8; m++ {
		for _, producer := range []string{"pod-1", "pod-2"} {
			one := metric("app:a", base+model.Instant(m*minute), model.Gauge, float64(10*m))
			one.Producer = producer
			handle(t, task, l, one)
		}
		handle(t, task, l, model.Heartbeat{Producer: "p", At: base + model.Instant(m*minute)})
	}
	b, err := task.AppendSnapshot(nil)
	if err != nil {
		t.Fatal(err)
	}
	again := NewTask(testConfig(), 0)
	if err := again.Restore(b); err != nil {
		t.Fatal(err)
	}
	if second, err := again.AppendSnapshot(nil); err != nil || !bytes.Equal(b, second) {
		t.Errorf("a restored task has another snapshot (error %v)", err)
	}
	end := model.Heartbeat{Producer: "p", At: base + 10*minute}
	var got []model.Forecast
	for _, one := range []*Task{task, again} {
		emissions, err := one.Handle(stage.Record{Topic: stream.Metrics, Offset: l.next, Event: end})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range collect(t, emissions) {
			if f, ok := e.Event.(model.Forecast); ok {
				got = append(got, f)
			}
		}
	}
	if len(got) != 2 || got[0].Observed != got[1].Observed || got[0].Observed != 2*(60+70+80)/3. {
		t.Errorf("observed %+v, want 140 from both", got)
	}
}

// TestABatchSentAgainCountsOnce sends a server's minutes as a sender does that
// got no answer: whole batches and parts of them come again, also late.
func TestABatchSentAgainCountsOnce(t *testing.T) {
	batch := func(from, to float64) (out []reading) {
		each(from, to, 1, func(m float64) { out = append(out, reading{"p", m, 10 * m}) })
		return out
	}
	once := observedOf(t, NewTask(testConfig(), 0), "server:a", model.Gauge, batch(0, 15), 3)
	var again []reading
	for _, part := range [][]reading{batch(0, 4), batch(0, 4), batch(1, 5), batch(3, 8), batch(0, 3), batch(5, 15), batch(9, 12)} {
		again = append(again, part...)
	}
	task, l := NewTask(testConfig(), 0), &log{topic: stream.Metrics}
	base := model.Instant(1_000_000 * minute)
	out := handle(t, task, l, model.Heartbeat{Producer: "p", At: base})
	for _, r := range again {
		m := metric("server:a", base+model.Instant(r.minute*minute), model.Gauge, r.value)
		out = append(out, handle(t, task, l, m)...)
	}
	for tick := 1; tick <= 3; tick++ {
		out = append(out, handle(t, task, l, model.Heartbeat{Producer: "p", At: base + model.Instant(5*tick*minute)})...)
	}
	var got []float64
	for _, e := range out {
		if f, ok := e.Event.(model.Forecast); ok {
			got = append(got, f.Observed)
		}
	}
	if !near(got, once...) || len(once) != 3 {
		t.Errorf("observed %v, want %v as when nothing came twice", got, once)
	}
	late := metric("server:a", base+11*minute+1000, model.Gauge, 5) // new, of the bin just closed
	handle(t, task, l, late, late)
	if c := task.loads.counts; c.Late != 1 {
		t.Errorf("%d late samples, want one: the second is a repeat", c.Late)
	}
}

func TestASeriesOfOneProducerAsksForNoMemory(t *testing.T) {
	config := testConfig()
	l := newLoads(config)
	s, width := l.begin(l.entities.add("f", "server:a"), model.CPU), config.Forecast.Bin
	at := model.Instant(1_790_000_000_000)
	feed := func() {
		at = at.Add(width / 5)
		when := newMoment(at, width)
		if what := s.add("p", 0, &when, &model.Sample{Resource: model.CPU, Value: 7}, width, nil); what != counted {
			t.Fatalf("a sample was %v", what)
		}
		s.closeUpTo(at.Add(-width), width, nil)
	}
	for range 5 * 12 * 2 {
		feed()
	}
	if n := testing.AllocsPerRun(50, feed); n != 0 {
		t.Errorf("%v allocations a sample", n)
	}
}
