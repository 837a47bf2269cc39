package trial

import (
	"context"
	"reflect"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/simfleet"
)

// small is a fleet of forty servers on a day of maintenance.
func small(t *testing.T, seed uint64) *simfleet.Spec {
	t.Helper()
	spec, err := simfleet.GeneratedSpec(simfleet.Generated{Seed: seed, Servers: 40, Days: 1})
	if err != nil {
		t.Fatal(err)
	}
	spec.History = 2 * 24 * time.Hour
	return spec
}

// long leaves a test of some ten CPU seconds out of short runs.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out: a day of a fleet takes its time")
	}
}

func run(t *testing.T, policy string) *Result {
	t.Helper()
	r, err := Run(context.Background(), small(t, 1), day, DefaultConfig(policy))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPoliciesOnADayOfMaintenance(t *testing.T) {
	long(t)
	static, reactive, drover := run(t, "static"), run(t, "threshold"), run(t, "drover")
	if static.Moves != 0 || static.Minutes.Maintenance == 0 || static.ServersOn != 40 {
		t.Errorf("static: %d moves, %+v, %.1f servers on; want no move, violations by maintenance, all on", static.Moves, static.Minutes, static.ServersOn)
	}
	if reactive.Moves == 0 || reactive.EnergyKWh >= static.EnergyKWh {
		t.Errorf("threshold: %d moves, %.0f kWh, static %.0f", reactive.Moves, reactive.EnergyKWh, static.EnergyKWh)
	}
	if drover.Minutes.Maintenance != 0 {
		t.Errorf("drover: maintenance broke promises for %d minutes", drover.Minutes.Maintenance)
	}
	if drover.EnergyKWh >= static.EnergyKWh || drover.Violated >= static.Violated {
		t.Errorf("drover: %.0f kWh and %d violated minutes, static %.0f and %d", drover.EnergyKWh, drover.Violated, static.EnergyKWh, static.Violated)
	}
	if drover.RepeatsUnsaid != 0 {
		t.Errorf("drover: %d applications moved again within the hour and nothing said why", drover.RepeatsUnsaid)
	}
	for _, r := range []*Result{static, reactive, drover} {
		if r.Decisions != 289 || len(r.Hours) != 24 {
			t.Errorf("%s: %d decisions in %d hours, want 289 (the start too) in 24", r.Policy, r.Decisions, len(r.Hours))
		}
		var violated int64
		var energy float64
		for _, h := range r.Hours {
			violated += h.Violated
			energy += h.EnergyKWh
		}
		if violated != r.Violated || energy < 0.999*r.EnergyKWh || energy > 1.001*r.EnergyKWh {
			t.Errorf("%s: hours hold %d minutes and %.2f kWh, the sums are %d and %.2f", r.Policy, violated, energy, r.Violated, r.EnergyKWh)
		}
	}
}

func TestTheOracleForeseesAllButWhatHasBegun(t *testing.T) {
	long(t)
	r := run(t, "oracle")
	if r.Minutes.Overload != 0 || r.Minutes.Maintenance != 0 {
		t.Errorf("violated %+v", r.Minutes)
	}
}

func TestThreadsDoNotChangeResults(t *testing.T) {
	long(t)
	plan := Plan{Policies: []string{"threshold"}, First: 3, Seeds: 2, Servers: 40, Days: 1, Threads: 1}
	one, err := RunAll(context.Background(), plan)
	if err != nil {
		t.Fatal(err)
	}
	plan.Threads = 3
	three, err := RunAll(context.Background(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(one, three) {
		t.Error("results differ by the number of threads")
	}
	sum := Summarise("threshold", one["threshold"])
	if sum.Moves != one["threshold"][0].Moves+one["threshold"][1].Moves || sum.Seeds != 2 {
		t.Errorf("summary %+v", sum)
	}
	if sum.WorstViolated != max(one["threshold"][0].Violated, one["threshold"][1].Violated) {
		t.Errorf("worst seed %d with %d", sum.WorstSeed, sum.WorstViolated)
	}
}

func TestAnUnknownPolicyAndAnEndedContextAreErrors(t *testing.T) {
	if _, err := Run(context.Background(), small(t, 1), day, DefaultConfig("clever")); err == nil {
		t.Error("an unknown policy is no error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, small(t, 1), day, DefaultConfig("static")); err == nil {
		t.Error("an ended context is no error")
	}
}

func TestTheJudgeCountsByTheGravestReason(t *testing.T) {
	fleet, err := simfleet.New(small(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(fleet)
	mid := fleet.Spec().Start.Add(30 * time.Second)
	j.minute(mid)
	if j.count.minutes.Sum() != 0 {
		t.Fatalf("violated %+v where the platform spreads the load", j.count.minutes)
	}
	// Everything that does not fit beside each other is put on one server.
	for a := range j.place {
		j.place[a][0] = 0
	}
	j.minute(mid)
	if got := j.count.minutes; got.Overload != int64(len(j.place)) || got.Headroom != 0 || got.Response != 0 {
		t.Errorf("violated %+v, want one minute of overload for each of %d applications", got, len(j.place))
	}
	before := j.count.minutes
	j.down[0] = append(j.down[0], window{mid.Add(-time.Minute), mid.Add(time.Minute)})
	j.minute(mid)
	if got := j.count.minutes.Maintenance - before.Maintenance; got != int64(len(j.place)) {
		t.Errorf("%d applications on a server that is away, want %d", got, len(j.place))
	}
}

func TestTheJudgeNotesApplicationsThatMoveAgain(t *testing.T) {
	fleet, err := simfleet.New(small(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(fleet)
	app := fleet.Spec().Applications[0].ID
	start := fleet.Spec().Start
	move := func(plan model.PlanID, after time.Duration, index, to int, reason string) {
		replica := model.NewReplicaID(app, index)
		j.observe(model.Plan{ID: plan, Moves: []model.Move{{Index: index, Replica: replica, Reason: reason}}})
		j.observe(model.Outcome{Kind: model.OutcomeMove, Plan: plan, MoveIndex: index, Replica: replica, OK: true,
			Server: fleet.Spec().Servers[to].ID, At: start.Add(after)})
	}
	move("p1", time.Minute, 0, 30, "")
	move("p2", 20*time.Minute, 1, 31, "saves; web moved at 10:00 already and moves again for that reason")
	move("p3", 40*time.Minute, 0, 32, "")
	move("p4", 3*time.Hour, 0, 33, "")
	j.advance(start.Add(4 * time.Hour))
	if j.count.moves != 4 || j.count.again != 2 || j.count.againUnsaid != 1 {
		t.Errorf("%d moves, %d again, %d unsaid; want 4, 2, 1", j.count.moves, j.count.again, j.count.againUnsaid)
	}
	if j.count.replicaAgain != 1 {
		t.Errorf("%d times the same replica, want once: the first, after 39 minutes", j.count.replicaAgain)
	}
}
