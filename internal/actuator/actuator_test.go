package actuator_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// scripted answers Status by its script and counts what it performs.
type scripted struct {
	name      string
	states    []actuator.Status
	fences    bool
	performed int
	steps     []model.StepKind
	failure   error
}

func (d *scripted) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: d.name, Steps: d.steps, Fences: d.fences, Writes: d.fences}
}

func (d *scripted) Perform(context.Context, actuator.Command) error {
	d.performed++
	return d.failure
}

func (d *scripted) Status(context.Context, actuator.Command) (actuator.Status, error) {
	if len(d.states) == 0 {
		return actuator.Status{}, errors.New("no answer")
	}
	s := d.states[0]
	d.states = d.states[1:]
	return s, nil
}

func states(list ...actuator.State) []actuator.Status {
	var all []actuator.Status
	for _, s := range list {
		all = append(all, actuator.Status{State: s, Reason: "said so"})
	}
	return all
}

func TestResumeAsksFirst(t *testing.T) {
	for name, c := range map[string]struct {
		states    []actuator.Status
		wrong     string
		performed int
	}{
		"done":               {states(actuator.Done), "", 0},
		"failed":             {states(actuator.Failed), "said so", 0},
		"running, then done": {states(actuator.Running, actuator.Done), "", 0},
		"unknown":            {states(actuator.Unknown), "", 1},
		"no answer":          {nil, "no answer", 0},
	} {
		d := &scripted{states: c.states, fences: true}
		err := actuator.Resume(t.Context(), d, actuator.Command{}, time.Now().Add(time.Hour))
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) || d.performed != c.performed {
			t.Errorf("%s: %v, performed %d times", name, err, d.performed)
		}
	}
}

func TestResumeWaitsDeadlinesOut(t *testing.T) {
	d := &scripted{states: states(actuator.Unknown)}
	began := time.Now()
	if err := actuator.Resume(t.Context(), d, actuator.Command{}, began.Add(30*time.Millisecond)); err != nil || d.performed != 1 {
		t.Fatalf("%v, performed %d times", err, d.performed)
	}
	if time.Since(began) < 30*time.Millisecond {
		t.Error("the old owner's deadline isn't waited out")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	d = &scripted{states: states(actuator.Unknown)}
	if err := actuator.Resume(gone, d, actuator.Command{}, time.Now().Add(time.Hour)); err == nil || d.performed != 0 {
		t.Errorf("an executor that stops performs: %v", err)
	}
}

func TestSetHandsOn(t *testing.T) {
	admit, all := &scripted{name: "a", steps: []model.StepKind{model.StepAdmit}, fences: true}, &scripted{name: "b", steps: actuator.MoveSteps(), states: states(actuator.Done)}
	s := &actuator.Set{Default: "a", Drivers: map[string]actuator.Driver{"a": admit, "b": all}}
	give := func(driver string, kind model.StepKind) error {
		return s.Perform(t.Context(), actuator.Command{Step: model.Step{Kind: kind}, Move: model.Move{Driver: driver, Replica: "web/0"}})
	}
	for _, err := range []error{give("", model.StepAdmit), give("", model.StepCutOver), give("b", model.StepCutOver)} {
		if err != nil {
			t.Error(err)
		}
	}
	if admit.performed != 1 || all.performed != 1 {
		t.Errorf("performed %d and %d", admit.performed, all.performed)
	}
	if err := give("c", model.StepAdmit); err == nil || !strings.Contains(err.Error(), "a, b") {
		t.Errorf("a driver that isn't there: %v", err)
	}
	if got, err := s.Status(t.Context(), actuator.Command{Move: model.Move{Driver: "b"}}); err != nil || got.State != actuator.Done {
		t.Errorf("status %+v, %v", got, err)
	}
	if c := s.Capabilities(); c.Fences || !c.Writes || len(c.Steps) != len(actuator.MoveSteps()) {
		t.Errorf("capabilities %+v", c)
	}
}

func TestPollSaysWhyNot(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := actuator.Poll(ctx, time.Millisecond, func() (bool, error) { return false, errors.New("not yet") })
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "not yet") {
		t.Errorf("got %v", err)
	}
}

func TestBound(t *testing.T) {
	c := actuator.Command{Step: model.Step{Deadline: 1000}}
	if ctx, cancel := actuator.Bound(t.Context(), &c, 0); ctx.Err() == nil {
		t.Error("a deadline in the past hasn't passed")
		cancel()
	}
	ctx, cancel := actuator.Bound(t.Context(), &c, time.Since(time.UnixMilli(1000))+time.Hour)
	defer cancel()
	if ctx.Err() != nil {
		t.Error("event time isn't moved to the wall clock's")
	}
}
