package planning

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/scenario/queueing"
)

// cpuSeconds is the CPU time of the process so far, user and system.
func cpuSeconds(t testing.TB) float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

// BenchmarkCycle measures a full planning cycle and the one after its plan has
// been carried out and the forecasts have moved on, both in CPU seconds, with 12
// futures of 6 periods. Response laws are kept from one to the next, as the
// planner keeps a fleet's.
func BenchmarkCycle(b *testing.B) {
	for _, size := range []struct{ servers, replicas int }{{200, 2000}, {1000, 10_000}} {
		b.Run(fmt.Sprintf("%dx%d", size.servers, size.replicas), func(b *testing.B) {
			for range b.N {
				cycle(b, size.servers, size.replicas)
			}
		})
	}
}

func cycle(b *testing.B, servers, replicas int) {
	v := generate(1, servers, replicas, 0.5)
	cfg := scenario.Config{Budget: scenario.Budget{Seed: 1, Evaluations: int64(50 * replicas)}, MaxMovesPerHour: 400, MaxServersTouched: 300,
		Shapes: &queueing.Shapes{}}
	var inSolver float64
	timed := func(p *model.Problem, budget scenario.Budget) (model.Answer, error) {
		start := cpuSeconds(b)
		defer func() { inSolver += cpuSeconds(b) - start }()
		return solve(p, budget)
	}
	start := cpuSeconds(b)
	ev, plan := scenario.Decide(v, cfg, timed)
	b.ReportMetric(cpuSeconds(b)-start, "cpu-s/full")
	b.ReportMetric(inSolver, "cpu-s/full-solver")
	b.ReportMetric(float64(len(ev.Scenarios)-1), "futures")
	b.Log(ev.Reason)
	if plan != nil {
		b.ReportMetric(float64(len(plan.Moves)), "moves")
		carryOut(v, plan)
	}
	v.Tick = v.Tick.Add(v.Interval)
	for k, f := range v.Forecasts {
		f.Origin, f.ObservedAt = v.Tick, v.Tick
		v.Forecasts[k] = f
	}
	cfg.Budget.Evaluations /= 10
	inSolver, start = 0, cpuSeconds(b)
	ev, _ = scenario.Decide(v, cfg, timed)
	b.ReportMetric(cpuSeconds(b)-start, "cpu-s/incremental")
	b.ReportMetric(inSolver, "cpu-s/incremental-solver")
	b.Log(ev.Reason)
}

// carryOut moves the replicas of a plan.
func carryOut(v scenario.View, plan *model.Plan) {
	for _, m := range plan.Moves {
		v.Placement[m.Replica] = m.To
	}
}

// TestDecideWithTheSolver: the real solver under the scenario core keeps the
// promises that any plan keeps, twice the same bytes, and a drain is complete.
func TestDecideWithTheSolver(t *testing.T) {
	servers, replicas := 30, 240
	if os.Getenv("DROVER_LONG") != "" {
		servers, replicas = 200, 2000
	}
	for seed := range uint64(3) {
		v := generate(seed, servers, replicas, 0.45)
		cfg := scenario.Config{Budget: scenario.Budget{Seed: seed, Evaluations: 60_000}}
		ev, plan := scenario.Decide(v, cfg, solve)
		if plan == nil {
			t.Fatalf("seed %d: no plan although s0007 has to be emptied: %s", seed, ev.Reason)
		}
		if plan.ViolationsAfter > plan.ViolationsBefore {
			t.Errorf("seed %d: broken promises %d -> %d", seed, plan.ViolationsBefore, plan.ViolationsAfter)
		}
		_, again := scenario.Decide(generate(seed, servers, replicas, 0.45), cfg, solve)
		one, _ := json.Marshal(plan)
		two, _ := json.Marshal(again)
		if string(one) != string(two) {
			t.Errorf("seed %d: two decisions differ", seed)
		}
		carryOut(v, plan)
		for r, s := range v.Placement {
			if s == "s0007" {
				t.Errorf("seed %d: %s is still on the server to be emptied", seed, r)
			}
		}
		v.Tick = v.Tick.Add(time.Minute)
		next, second := scenario.Decide(v, cfg, solve)
		if second != nil && second.ViolationsBefore == second.ViolationsAfter && len(second.Moves) > len(plan.Moves) {
			t.Errorf("seed %d: the plan after the plan is larger: %s", seed, next.Reason)
		}
	}
}
