package scenario

import (
	"math/rand/v2"
	"testing"

	"drover/internal/model"
)

// checkPlan holds a decision against what is promised of every one.
func checkPlan(t *testing.T, v View, cfg Config, ev model.Evaluation, p *model.Plan) {
	t.Helper()
	if p == nil {
		if ev.Decision == DecisionPlan || ev.Reason == "" {
			t.Fatalf("decision %q without a plan, reason %q", ev.Decision, ev.Reason)
		}
		return
	}
	cfg = cfg.WithDefaults().whileServing(p, v.Tick) // a later stage is to mend what it breaks after that
	f := newFleet(v, cfg)
	futures, _ := f.reduce(f.generate())
	status := newState(f, f.worlds(futures), f.start)
	after := newState(f, status.worlds, f.start)
	at := map[model.ReplicaID]int{}
	for r, rep := range f.replicas {
		at[rep.id] = r
	}
	perApp := map[model.ApplicationID]int{}
	for i, m := range p.Moves {
		if m.Index != i || m.Reason == "" || m.From == m.To || m.Wave < 1 || m.Wave > p.Waves || v.Placement[m.Replica] != m.From {
			t.Fatalf("move %d is not well formed: %+v", i, m)
		}
		for _, a := range m.After {
			if a < 0 || a >= i || p.Moves[a].Wave > m.Wave {
				t.Fatalf("move %d of wave %d waits for %d", i, m.Wave, a)
			}
		}
		perApp[m.Application]++
		after.move(at[m.Replica], f.serverAt[m.To])
	}
	if len(p.Moves) > cfg.MaxMovesPerHour {
		t.Fatalf("%d moves, at most %d", len(p.Moves), cfg.MaxMovesPerHour)
	}
	for a, n := range perApp {
		if n > cfg.MaxApplicationMovesPerHour {
			t.Fatalf("%d moves of %s", n, a)
		}
	}
	if len(p.Moves) > 0 && after.withMoves().compare(status.withMoves()) >= 0 {
		t.Fatalf("the plan is no better than staying: %+v -> %+v", status.withMoves(), after.withMoves())
	}
	checkIntermediate(t, f, status, after, p)
}

// checkIntermediate plays the plan in bad orders: as many moves at once as the
// precedences allow, sources kept as long as possible; no step may put a server
// above what its promises allow in a future that must be met, unless it was so before.
func checkIntermediate(t *testing.T, f *fleet, status, after *state, p *model.Plan) {
	t.Helper()
	b := newBuilder(status)
	in := f.phasingInput(b, after)
	at := map[model.ReplicaID]int{}
	for r, rep := range f.replicas {
		at[rep.id] = r
	}
	ended := make([]bool, len(p.Moves))
	started := make([]bool, len(p.Moves))
	for range len(p.Moves) + 1 {
		for i, m := range p.Moves {
			ready := !started[i]
			for _, a := range m.After {
				ready = ready && ended[a]
			}
			if !ready {
				continue
			}
			started[i] = true
			to := f.serverAt[m.To]
			for c := range b.columns {
				in.Servers[to].Load[c] = in.Servers[to].Load[c].Add(b.demand[at[m.Replica]*b.columns+c])
				if overload(in.Servers[to].Load[c], f.servers[to].Capacity) > 0 {
					t.Fatalf("move %d overloads %s in column %d: %v of %v", i, m.To, c, in.Servers[to].Load[c], f.servers[to].Capacity)
				}
			}
		}
		// End the last started one only: the others keep their sources.
		for i := len(p.Moves) - 1; i >= 0; i-- {
			if started[i] && !ended[i] {
				ended[i] = true
				from := f.serverAt[p.Moves[i].From]
				for c := range b.columns {
					in.Servers[from].Load[c] = in.Servers[from].Load[c].Sub(b.demand[at[p.Moves[i].Replica]*b.columns+c])
				}
				break
			}
		}
	}
	for i := range started {
		if !ended[i] {
			t.Fatalf("move %d never ends", i)
		}
	}
}

func TestPlansKeepTheirPromises(t *testing.T) {
	plans := 0
	for seed := range uint64(60) {
		load := []float64{0.3, 0.6, 0.8, 0.95}[seed%4]
		v := randomView(seed, 6+int(seed%9), load)
		ev, plan := Decide(v, Config{}, greedy)
		checkPlan(t, v, Config{}, ev, plan)
		if plan != nil {
			plans++
		}
	}
	if plans < 20 {
		t.Errorf("only %d of 60 views gave a plan", plans)
	}
}

func FuzzDecide(f *testing.F) {
	f.Add(uint64(1), uint8(5), uint8(60), uint8(10))
	f.Add(uint64(2), uint8(12), uint8(90), uint8(3))
	f.Add(uint64(185), uint8('~'), uint8('6'), uint8('l')) // these two serve a part of the horizon
	f.Add(uint64(79), uint8(5), uint8(0x92), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, servers, load, budget uint8) {
		v := randomView(seed, 2+int(servers%15), 0.1+float64(load%100)/100)
		cfg := Config{MaxMovesPerHour: 1 + int(budget%30), MaxServersTouched: 2 + int(budget%10)}
		ev, plan := Decide(v, cfg, greedy)
		checkPlan(t, v, cfg, ev, plan)
	})
}

// TestABadSolverMakesNoBadPlans asks a solver that answers at random: whatever it
// says, no plan is worse than staying, none breaks a budget or a state on the way.
func TestABadSolverMakesNoBadPlans(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 13))
		random := func(p *model.Problem, _ Budget) (model.Answer, error) {
			a := model.Answer{Assignment: make([]int, len(p.Items))}
			for i := range a.Assignment {
				a.Assignment[i] = p.Items[i].Start
				if rng.IntN(3) == 0 {
					a.Assignment[i] = rng.IntN(len(p.Bins))
				}
			}
			return a, nil
		}
		v := randomView(seed, 6+int(seed%5), []float64{0.3, 0.6, 0.9}[seed%3])
		ev, plan := Decide(v, Config{Stages: -1}, random)
		checkPlan(t, v, Config{}, ev, plan)
	}
}
