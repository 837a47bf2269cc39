package planner

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/stream"
)

// load drives a scene through ticks in which web calls api and db at rates that
// swing: a call costs api 3,000 microseconds and db, which runs as two replicas
// that are measured one by one, 1,500.
func load(s *scene, r *rand.Rand, sums map[string]float64, from, to int) {
	const fade = 0.9438743126816935 // 2^-(5/60)
	for i := from; i < to; i++ {
		at := model.Instant((i + 1) * 5 * minute)
		rate := 100 * (1.5 + math.Sin(float64(i)/15)) * (1 + 0.1*r.NormFloat64())
		sums["x"], sums["n"] = sums["x"]*fade+rate, sums["n"]*fade+1
		for _, callee := range []model.ApplicationID{"api", "db"} {
			s.feed(stream.Graph, model.Edge{Fleet: "f", Caller: "web", Callee: callee, CallsPerSecond: sums["x"] / sums["n"]})
		}
		used := func(entity model.EntityID, milli float64) {
			s.feed(stream.Forecasts, model.Forecast{Fleet: "f", Entity: entity, Resource: model.CPU, Observed: milli, ObservedAt: at})
		}
		used("app:api", 20+3*rate+2*r.NormFloat64())
		used("replica:db/0", 10+rate+2*r.NormFloat64())
		used("replica:db/1", 10+rate/2+2*r.NormFloat64())
		s.tick(at)
	}
}

func TestServiceDemandReachesThePolicy(t *testing.T) {
	s := newScene(t)
	s.feed(stream.Servers, model.Server{Fleet: "f", ID: "s1", At: 1})
	s.feed(stream.Applications, app("web", 1, "s1"))
	s.feed(stream.Applications, app("api", 1, "s1"))
	s.feed(stream.Applications, app("db", 1, "s1", "s1"))
	r, sums := rand.New(rand.NewPCG(1, 1)), map[string]float64{}
	load(s, r, sums, 0, 5)
	if d := s.last().Applications["api"].DemandMicros; d != 0 {
		t.Errorf("after five ticks the demand is %d, want none yet", d)
	}
	load(s, r, sums, 5, 150)
	for id, want := range map[model.ApplicationID]int64{"api": 3000, "db": 1500} {
		if d := s.last().Applications[id].DemandMicros; d < want*9/10 || d > want*11/10 {
			t.Errorf("%s: %d µs a call, want about %d", id, d, want)
		}
	}
	told := s.demands()
	if len(told) != 2 || told[0].Application != "api" || told[1].Application != "db" {
		t.Fatalf("demands told with the decision: %+v, want those of api and db", told)
	}
	for i, want := range []float64{3000, 1500} {
		if d := told[i]; math.Abs(d.Micros-want) > 0.1*want || !(d.ErrorMicros > 0 && d.ErrorMicros < d.Micros/2) || d.Samples < 100 {
			t.Errorf("%+v, want about %g µs with its error", d, want)
		}
	}
	if d := s.last().Applications["web"].DemandMicros; d != 0 {
		t.Errorf("nobody calls web, yet it has a demand of %d µs", d)
	}
	stated := app("api", 2, "s1")
	stated.DemandMicros = 77
	s.feed(stream.Applications, stated)
	load(s, r, sums, 150, 152)
	if d := s.last().Applications["api"].DemandMicros; d != 77 {
		t.Errorf("a stated demand of 77 µs became %d", d)
	}
	if told := s.demands(); len(told) != 1 || told[0].Application != "db" {
		t.Errorf("%+v: what is stated is not estimated", told)
	}
}

func TestServiceDemandSurvivesARestart(t *testing.T) {
	s := newScene(t)
	s.feed(stream.Servers, model.Server{Fleet: "f", ID: "s1", At: 1})
	s.feed(stream.Applications, app("api", 1, "s1"))
	s.feed(stream.Applications, app("db", 1, "s1", "s1"))
	r, sums := rand.New(rand.NewPCG(2, 2)), map[string]float64{}
	load(s, r, sums, 0, 60)
	b, err := s.task.AppendSnapshot(nil)
	if err != nil {
		t.Fatal(err)
	}
	again := NewTask(s.config(), 0)
	if err := again.Restore(b); err != nil {
		t.Fatal(err)
	}
	second, err := again.AppendSnapshot(nil)
	if err != nil || !bytes.Equal(b, second) {
		t.Errorf("a restored task has another snapshot (error %v)", err)
	}
	s.task = again
	load(s, r, sums, 60, 62)
	if d := s.last().Applications["api"].DemandMicros; d < 2700 || d > 3300 {
		t.Errorf("after the restart: %d µs a call, want about 3000", d)
	}
}

func TestAReplicaThatToldNothingSpoilsNoSum(t *testing.T) {
	f := &fleet{state: newState(), forecasts: map[scenario.ForecastKey]model.Forecast{
		{Entity: "replica:db/0", Resource: model.CPU}: {Observed: 5, ObservedAt: 5 * minute}}}
	f.state.Edges["e"] = model.Edge{Caller: "web", Callee: "db", CallsPerSecond: 10}
	f.state.Applications["db"] = app("db", 1, "s1", "s1")
	f.state.Placement = model.Placement{"db/0": "s1", "db/1": "s1"}
	c := DefaultConfig()
	f.track(5*minute, &c)
	if track := f.state.Demands.Applications["db"]; track != nil {
		t.Errorf("half an application was taken for the whole: %+v", track)
	}
}
