package simulator_test

import (
	"fmt"
	"testing"
	"time"

	"drover/internal/actuator/simulator"
	"drover/internal/model"
)

func step(plan model.PlanID, move, sequence int, kind model.StepKind, attempt int, leg model.Leg) model.Step {
	return model.Step{ID: model.NewStepID(plan, move, leg, sequence, kind), Plan: plan, MoveIndex: move, Kind: kind, Attempt: attempt}
}

func TestTheSameSeedPlaysTheSame(t *testing.T) {
	a, b := simulator.New(simulator.DefaultConfig()), simulator.New(simulator.DefaultConfig())
	other := simulator.DefaultConfig()
	other.Seed = 2
	differs := 0
	for n := range 50 {
		s := step("p", n, 1, model.StepProvision, 1, model.LegForward)
		took, failure := a.Perform(s, model.Move{})
		again, failedAgain := b.Perform(s, model.Move{})
		if took != again || failure != failedAgain || failure != "" {
			t.Fatalf("%v %q, then %v %q", took, failure, again, failedAgain)
		}
		if took < 9600*time.Millisecond || took > 14400*time.Millisecond {
			t.Errorf("%v is more than a fifth from 12 s", took)
		}
		if o, _ := simulator.New(other).Perform(s, model.Move{}); o != took {
			differs++
		}
	}
	if differs < 45 {
		t.Errorf("another seed differs in %d of 50", differs)
	}
}

func TestCopiesTakeTheTimeOfTheirBytes(t *testing.T) {
	c := simulator.Config{BytesPerSecond: 100}
	for limit, want := range map[int64]time.Duration{0: 10 * time.Second, 50: 20 * time.Second, 1000: 10 * time.Second} {
		m := model.Move{DataBytes: 1000, BandwidthBytesPerSecond: limit}
		if took, _ := simulator.New(c).Perform(step("p", 0, 3, model.StepReplicate, 1, 0), m); took != want {
			t.Errorf("limit %d: %v, want %v", limit, took, want)
		}
	}
	if took, failure := (&simulator.Simulator{}).Perform(step("p", 0, 1, model.StepAdmit, 1, 0), model.Move{}); took != time.Millisecond || failure != "" {
		t.Errorf("the zero value: %v %q", took, failure)
	}
}

func TestRules(t *testing.T) {
	s := simulator.New(simulator.Config{Rules: []simulator.Rule{
		{Kind: model.StepCutOver, Move: 2, Reason: "refused"},
		{Kind: model.StepWatch, Replica: "web/1", Attempts: 1},
		{Kind: model.StepRetire, Reverse: true},
	}})
	for _, c := range []struct {
		step    model.Step
		replica model.ReplicaID
		want    string
	}{
		{step("p", 1, 5, model.StepCutOver, 1, 0), "", "refused"},
		{step("p", 0, 5, model.StepCutOver, 1, 0), "", ""},
		{step("p", 1, 5, model.StepCatchUp, 1, 0), "", ""},
		{step("p", 0, 6, model.StepWatch, 1, 0), "web/1", "injected"},
		{step("p", 0, 7, model.StepWatch, 2, 0), "web/1", ""},
		{step("p", 0, 6, model.StepWatch, 1, 0), "web/2", ""},
		{step("p", 0, 9, model.StepRetire, 1, model.LegReverse), "", "injected"},
		{step("p", 0, 9, model.StepRetire, 1, model.LegForward), "", ""},
	} {
		if _, got := s.Perform(c.step, model.Move{Replica: c.replica}); got != c.want {
			t.Errorf("%s: %q, want %q", c.step.ID, got, c.want)
		}
	}
}

func TestSomePlansFail(t *testing.T) {
	s := simulator.New(simulator.Config{Rules: []simulator.Rule{{Kind: model.StepCutOver, EveryPlan: 4}}})
	chance := simulator.New(simulator.Config{FailurePPM: 250_000})
	byRule, byChance := 0, 0
	for n := range 400 {
		p := model.PlanID(fmt.Sprintf("p%d", n))
		if _, failure := s.Perform(step(p, 0, 5, model.StepCutOver, 1, 0), model.Move{}); failure != "" {
			byRule++
		}
		if _, failure := chance.Perform(step(p, 0, 5, model.StepCutOver, 1, 0), model.Move{}); failure != "" {
			byChance++
		}
	}
	if byRule < 70 || byRule > 130 || byChance < 70 || byChance > 130 {
		t.Errorf("of 400: %d by rule, %d by chance, want about 100 each", byRule, byChance)
	}
}
