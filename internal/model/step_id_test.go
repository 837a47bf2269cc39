package model_test

import (
	"testing"

	"drover/internal/model"
)

func TestStepIDsRoundTrip(t *testing.T) {
	for _, c := range []struct {
		plan     model.PlanID
		move     int
		leg      model.Leg
		sequence int
		kind     model.StepKind
		text     model.StepID
	}{
		{"p-0a1b", 3, model.LegForward, 2, model.StepProvision, "p-0a1b/3/f/2/provision"},
		{"p", model.PlanMove, model.LegForward, 1, model.StepUpdate, "p/-1/f/1/update"},
		{"a/b", 0, model.LegReverse, 12, model.StepReverseCutOver, "a/b/0/r/12/reverse-cut-over"},
	} {
		id := model.NewStepID(c.plan, c.move, c.leg, c.sequence, c.kind)
		if id != c.text {
			t.Errorf("got %q, want %q", id, c.text)
		}
		plan, move, leg, sequence, kind, err := id.Parse()
		if err != nil || plan != c.plan || move != c.move || leg != c.leg || sequence != c.sequence || kind != c.kind {
			t.Errorf("%q: %q %d %d %d %q, %v", id, plan, move, leg, sequence, kind, err)
		}
	}
}

func TestBadStepIDs(t *testing.T) {
	for _, id := range []model.StepID{"", "p/1/f/1", "p/x/f/1/admit", "p/-2/f/1/admit", "p/1/x/1/admit", "p/1/f/0/admit", "p/1/f/x/admit"} {
		if _, _, _, _, _, err := id.Parse(); err == nil {
			t.Errorf("%q is taken", id)
		}
		if s := (model.Step{ID: id}); s.Sequence() != 0 || s.Leg() != model.LegForward {
			t.Errorf("%q has sequence %d, leg %d", id, s.Sequence(), s.Leg())
		}
	}
}

func TestDirected(t *testing.T) {
	m := model.Move{From: "a", To: "b"}
	if d := m.Directed(model.Step{ID: "p/0/f/1/admit"}); d.From != "a" || d.To != "b" {
		t.Errorf("forward %+v", d)
	}
	if d := m.Directed(model.Step{ID: "p/0/r/9/admit"}); d.From != "b" || d.To != "a" {
		t.Errorf("reverse %+v", d)
	}
}
