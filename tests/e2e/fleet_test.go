package e2e

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/web"
	"drover/internal/web/access"
	"drover/internal/web/api"
	"drover/internal/web/readmodel"
)

// size is how large a generated fleet is.
type size struct {
	servers, applications, edges int
	replicas                     int     // of each application
	peak                         float64 // millicores of the busiest server above those of the idlest
}

// The fleets that are looked at: what the console has to carry, and one to read.
var (
	large = size{1000, 10_000, 50_000, 1, 20_000}
	calm  = size{1000, 2_000, 6_000, 2, 7_000} // nothing is tight, so that there is room for what is lost
	named = []string{"shop", "pay", "search", "media", "ads", "risk", "geo", "mail", "data", "core", "chat", "ml"}
	noon  = model.InstantOf(time.Date(2026, 3, 12, 9, 40, 0, 0, time.UTC))
)

// generated is a fleet in the making; the same seed gives the same fleet.
type generated struct {
	m    *readmodel.Model
	rng  *rand.Rand
	size size
}

// largeFleet is generated once; everybody only reads it.
var largeFleet = sync.OnceValue(func() *readmodel.Model { return generate(large) })

func generate(s size) *readmodel.Model {
	g := &generated{m: readmodel.New(readmodel.DefaultLimits()), rng: rand.New(rand.NewPCG(7, 7)), size: s}
	g.hosts()
	g.apps()
	g.calls()
	g.story()
	g.refused()
	g.orders()
	return g.m
}

// serve serves the console over a fleet.
func serve(t testing.TB, m *readmodel.Model) string {
	t.Helper()
	gate, err := access.NewGate(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	h, err := web.NewHandler(api.Config{Model: m, Publisher: nowhere{}, Gate: gate, Planning: func(model.FleetID) scenario.Config { return scenario.DefaultConfig() }, Version: "generated", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// nowhere takes no orders: a generated fleet has nobody to carry them out.
type nowhere struct{ api.Publisher }

func (g *generated) fold(e any) { g.m.Fold("large", e) }

func (g *generated) server(i int) model.ServerID { return model.ServerID(fmt.Sprintf("s%04d", i+1)) }

func (g *generated) app(i int) model.ApplicationID {
	return model.ApplicationID(fmt.Sprintf("%s/svc-%04d", named[i%len(named)], i))
}

func (g *generated) hosts() {
	for i := range g.size.servers {
		g.fold(model.Server{Fleet: "large", ID: g.server(i), At: noon, Zone: string(rune('a' + i*4/g.size.servers)), Rack: fmt.Sprintf("r%02d", i/20),
			Capacity: model.Vector{model.CPU: 32_000, model.Memory: 256 << 30, model.Receive: 3e9, model.Transmit: 3e9, model.Disk: 4e12}})
		level := 8000 + g.size.peak*math.Pow(g.rng.Float64(), 2.2)
		rise := 0.6 * g.rng.Float64()
		if i == 0 { // one with a longer past, to look at
			g.yesterday(model.ServerEntity(g.server(i)), level)
		}
		for b := range 72 {
			at := noon.Add(-time.Duration(71-b) * 5 * time.Minute)
			g.fold(model.Metric{Fleet: "large", Entity: model.ServerEntity(g.server(i)), At: at, Samples: []model.Sample{
				{Resource: model.CPU, Value: level * (0.75 + 0.25*float64(b)/72 + 0.03*g.rng.NormFloat64())}, {Resource: model.Memory, Value: (60 + 100*g.rng.Float64()) * (1 << 30)}}})
		}
		for back := 36; back > 6 && i == 0; back-- {
			g.forecast(model.ServerEntity(g.server(i)), noon.Add(-time.Duration(back)*5*time.Minute), level*(1-0.25*float64(back)/72), 0.07+max(0, rise-0.07)*math.Pow(1-float64(back)/36, 3))
		}
		for _, back := range []time.Duration{30, 15, 0} {
			g.forecast(model.ServerEntity(g.server(i)), noon.Add(-back*time.Minute), level, rise)
		}
	}
	for i := range 400 {
		a, b := g.rng.IntN(g.size.servers), g.rng.IntN(g.size.servers)
		rtt := int64(200 + 100*g.rng.Float64())
		if a*4/g.size.servers != b*4/g.size.servers {
			rtt = int64(900 + 900*g.rng.Float64())
		}
		g.fold(model.Link{Fleet: "large", From: g.server(a), To: g.server(b), RTTMicros: rtt, RTTErrorMicros: rtt / 10, Measured: i%3 > 0, At: noon})
	}
}

// yesterday folds a day and a half of measurements up to six hours ago.
func (g *generated) yesterday(entity model.EntityID, level float64) {
	for b := 36 * 12; b >= 72; b-- {
		at := noon.Add(-time.Duration(b) * 5 * time.Minute)
		g.fold(model.Metric{Fleet: "large", Entity: entity, At: at, Samples: []model.Sample{
			{Resource: model.CPU, Value: level * (0.85 + 0.12*math.Sin(float64(b-270)/46) + 0.03*g.rng.NormFloat64())}, {Resource: model.Memory, Value: 120 << 30}}})
	}
}

// forecast folds a forecast that rises by a share over three hours.
func (g *generated) forecast(entity model.EntityID, origin model.Instant, level, rise float64) {
	fc := model.Forecast{Fleet: "large", Entity: entity, Resource: model.CPU, Origin: origin, Step: 5 * time.Minute, Observed: level, ObservedAt: origin, Peak: 1.4 * level,
		Trusted: g.rng.Float64() > 0.05, Model: "ensemble", MASE: 0.55 + 0.4*g.rng.Float64(), Coverage80: 0.78 + 0.05*g.rng.Float64(), Samples: 4032}
	fc.Quantiles.Levels = []float64{0.05, 0.1, 0.5, 0.9, 0.95}
	for h := range 36 {
		v := level * (1 + rise*(1-math.Exp(-float64(h)/12)))
		wide := level * (0.04 + 0.004*float64(h))
		fc.Quantiles.Mean = append(fc.Quantiles.Mean, v)
		fc.Quantiles.Values = append(fc.Quantiles.Values, []float64{v - 1.3*wide, v - wide, v, v + 1.1*wide, v + 1.5*wide})
	}
	g.fold(fc)
}

func (g *generated) apps() {
	for i := range g.size.applications {
		a := model.Application{Fleet: "large", ID: g.app(i), At: noon, Replicas: g.size.replicas, Stateful: i%9 == 0, DataBytes: 1 << 30, Request: model.Vector{model.CPU: 800, model.Memory: 2 << 30},
			SLO: model.SLO{AvailabilityPPM: 990_000, HeadroomPPM: 50_000}, Labels: map[string]string{"namespace": named[i%len(named)]}}
		for range g.size.replicas {
			a.Placement = append(a.Placement, g.server(g.rng.IntN(g.size.servers)))
		}
		g.fold(a)
	}
}

// calls makes edges whose rates fall off as in real fleets: few carry most.
func (g *generated) calls() {
	for range g.size.edges {
		from := g.rng.IntN(g.size.applications)
		to := int(float64(g.size.applications) * math.Pow(g.rng.Float64(), 2))
		if g.rng.Float64() < 0.75 { // most calls stay within a namespace
			to = min(to-to%len(named)+from%len(named), g.size.applications-1)
		}
		if to == from {
			continue
		}
		rate := math.Exp(1.5 + 1.6*g.rng.NormFloat64())
		e := model.Edge{Fleet: "large", Caller: g.app(from), Callee: g.app(to), Origins: model.Observed, CallsPerSecond: rate, P50Micros: 2000, P95Micros: 9000, Confidence: 1, FirstSeen: noon.Add(-time.Hour), LastSeen: noon}
		if g.rng.Float64() < 0.1 {
			e.Origins, e.CallsPerSecond = model.Declared, 0
		} else if g.rng.Float64() < 0.01 {
			e.ErrorsPerSecond = 0.1 * rate
		}
		g.fold(e)
	}
}

// story folds a campaign, a decision, and a plan that is being carried out.
func (g *generated) story() {
	g.fold(model.CalendarEvent{Fleet: "large", ID: "sale", Kind: "campaign", Name: "spring sale", Start: noon.Add(40 * time.Minute), End: noon.Add(150 * time.Minute), At: noon.Add(-24 * time.Hour), UpliftPPM: 400_000})
	g.plan("p-31d8e0", succeeds, 75*time.Minute)
	g.plan("p-0a91c7", fails, 30*time.Minute)
	g.plan("p-b2c4d8", runs, 15*time.Minute)
	g.plan("p-e77f10", waits, 0)
}

// What becomes of the fleet's plans.
const (
	fails = iota
	runs
	waits
	succeeds
)

func (g *generated) plan(id model.PlanID, k int, ago time.Duration) {
	at := noon.Add(-ago)
	p := model.Plan{Fleet: "large", ID: id, Tick: at, State: model.PlanProposed, Waves: 3, NeedsApproval: true, ViolationsBefore: 412, ViolationsAfter: 61, CostBefore: 91_400_000, CostAfter: 74_250_000,
		ConfidencePPM: 931_000, Deadline: noon.Add(40 * time.Minute), Reason: "14 moves in 3 waves: broken promises 412 -> 61, cost 91.40 -> 74.25 over 3h, confidence 93.1 %; ready by 10:20"}
	for i := range 14 {
		a := g.app(i*37 + k)
		p.Moves = append(p.Moves, model.Move{Index: i, Replica: model.NewReplicaID(a, 0), Application: a, From: g.server(i * 13), To: g.server(500 + i*7), Wave: 1 + i/5, DataBytes: int64(1+i%6) << 30, ExpectDuration: time.Duration(40+9*i) * time.Second,
			Reason: fmt.Sprintf("SLO response of %s in high load: %s reaches 104 %% of its CPU; saves %d broken promises", a, g.server(i*13), 3+i%7)})
	}
	ev := model.Evaluation{Fleet: "large", Tick: at, PlanID: id, Decision: "plan", Reason: p.Reason, Code: "generated", Dropped: []string{"loss of rack r17: like loss of rack r09"}}
	for i, name := range []string{"status quo", "expected", "high load", "campaign spring sale", "campaign spring sale, half as strong again", "loss of s0131", "loss of zone b", "growth by a tenth"} {
		ev.Scenarios = append(ev.Scenarios, model.ScenarioResult{Name: name, Kind: model.ScenarioExpected, Weight: 1 / float64(i+1), ViolationsBefore: 30 + 17*i, ViolationsAfter: 4 * i, CostBefore: int64(9_000_000 + 700_000*i), CostAfter: int64(7_500_000 + 300_000*i),
			Worst: []model.Margin{{Application: g.app(37), Kind: model.SLOResponse, MarginPPM: int64(210_000 - 60_000*i), Valid: i < 6}, {Application: g.app(74), Kind: model.SLOHeadroom, MarginPPM: int64(340_000 - 40_000*i), Valid: true}}})
	}
	switch k {
	case fails:
		ev.Balances = kept
	case waits:
		ev.Balances, ev.Updates = taken, updates()
	}
	g.fold(ev)
	g.fold(p)
	state := func(s model.PlanState, at model.Instant, why string) {
		g.fold(model.Outcome{Fleet: "large", Kind: model.OutcomePlan, Plan: id, MoveIndex: -1, State: s, At: at, Reason: why})
	}
	state(model.PlanProposed, at, "")
	if k == waits {
		return // for a person
	}
	g.fold(model.Control{Fleet: "large", ID: string(id), Kind: model.ControlApprove, Plan: id, By: "alice", Comment: "before the sale", At: at.Add(time.Minute)})
	state(model.PlanRunning, at.Add(time.Minute), "")
	end := g.carry(&p, k == fails)
	switch k {
	case fails:
		state(model.PlanRolledBack, end, "move 3: cut-over: health check failed: connection refused")
	case succeeds:
		state(model.PlanSucceeded, end, "")
	}
}

// carry plays a plan's steps; one that fails is undone.
func (g *generated) carry(p *model.Plan, fails bool) model.Instant {
	kinds := []model.StepKind{model.StepAdmit, model.StepProvision, model.StepReplicate, model.StepCatchUp, model.StepCutOver, model.StepWatch, model.StepRetire}
	var end model.Instant
	for i, m := range p.Moves {
		at, n := p.Tick.Add(time.Minute+time.Duration(m.Wave-1)*4*time.Minute+time.Duration(i%5)*20*time.Second), 0
		step := func(kind model.StepKind, took time.Duration, phase model.StepPhase, undo bool) bool {
			n++
			s := model.Step{Fleet: "large", Plan: p.ID, ID: model.NewStepID(p.ID, i, model.LegForward, n, kind), MoveIndex: i, Kind: kind, Phase: model.PhaseIntent, Attempt: 1, At: at, Compensation: undo}
			if at > noon {
				return false
			}
			g.fold(s)
			if at = at.Add(took); at > noon {
				return false
			}
			s.Phase, s.At = phase, at
			g.fold(s)
			end = max(end, at)
			return true
		}
		last := len(kinds)
		if fails && m.Wave > 1 {
			last = 0
		} else if fails {
			last = 3 + i%3
		}
		going := last > 0
		for k := 0; k < last && going; k++ {
			phase := model.PhaseDone
			if fails && i == 3 && k == last-1 {
				phase = model.PhaseFailed
			}
			going = step(kinds[k], time.Duration(8+22*((k*7+i)%5))*time.Second, phase, false)
		}
		out := model.Outcome{Fleet: "large", Kind: model.OutcomeMove, Plan: p.ID, MoveIndex: i, Replica: m.Replica, Server: m.To, State: model.PlanSucceeded, OK: true, At: at}
		switch {
		case fails && last > 0:
			for k := min(last, 4) - 1; k >= 0; k-- {
				step([]model.StepKind{model.StepReleaseAdmission, model.StepDeprovision, model.StepDiscardReplica, model.StepStopCatchUp}[k], 18*time.Second, model.PhaseDone, true)
			}
			out.State, out.Server, out.OK, out.At, out.Reason = model.PlanRolledBack, m.From, false, at, "the plan is taken back"
			g.fold(out)
		case !fails && going:
			g.fold(out)
		}
	}
	return end
}
