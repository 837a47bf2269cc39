package executor

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
	"drover/internal/stream"
)

// states lists the states that a plan was told to be in, repeats left out.
func (s *script) states(id model.PlanID) []model.PlanState {
	var out []model.PlanState
	for _, e := range s.out {
		if o, ok := e.Event.(model.Outcome); ok && o.Kind == model.OutcomePlan && o.Plan == id {
			out = append(out, o.State)
		}
	}
	return slices.Compact(out)
}

// TestEveryStateOfAPlanIsToldByTheService leads plans through every state by
// what people and the planner write into the topics.
func TestEveryStateOfAPlanIsToldByTheService(t *testing.T) {
	const tick = 600 * second
	order := func(kind model.ControlKind) model.Control {
		return model.Control{Fleet: "f", ID: string(kind), Kind: kind, Plan: "p-1", By: "ada", At: tick + 15*second}
	}
	one := func() model.Plan { return plan("p-1", tick, "web/0") }
	needs := func(p model.Plan) model.Plan { p.NeedsApproval = true; return p }
	slow := func(model.Step, model.Move) (time.Duration, string) { return 25 * time.Second, "" }
	refuse := func(kind model.StepKind) Simulate {
		return func(step model.Step, _ model.Move) (time.Duration, string) {
			if step.Kind == kind {
				return time.Second, "refused"
			}
			return time.Second, ""
		}
	}
	late := one()
	late.Deadline = tick + 5*second
	newer := plan("p-2", tick+60*second, "web/0")
	newer.Supersedes = "p-1"
	two := plan("p-1", tick, "web/0", "web/1", "web/2") // of one application: one at a time
	amended := two
	amended.State, amended.Tick, amended.Dropped = model.PlanRunning, tick, []model.DroppedMove{{Index: 2, Reason: "s2 is full"}}
	stopped, back := two, two
	stopped.State, stopped.Reason = model.PlanSuperseded, "s2 is gone"
	back.State, back.Reason = model.PlanRolledBack, "s1 was better"
	for name, c := range map[string]struct {
		simulate Simulate
		first    model.Plan
		orders   []model.Control
		second   *model.Plan
		want     []model.PlanState
		why      string
	}{
		"scheduled, made":        {quick, one(), nil, nil, []model.PlanState{model.PlanScheduled, model.PlanRunning, model.PlanSucceeded}, ""},
		"approved, made":         {quick, needs(one()), []model.Control{order(model.ControlApprove)}, nil, []model.PlanState{model.PlanProposed, model.PlanApproved, model.PlanRunning, model.PlanSucceeded}, ""},
		"rejected":               {quick, needs(one()), []model.Control{order(model.ControlReject)}, nil, []model.PlanState{model.PlanProposed, model.PlanRejected}, "reject by ada"},
		"expired":                {quick, needs(late), nil, nil, []model.PlanState{model.PlanProposed, model.PlanExpired}, "deadline"},
		"superseded":             {quick, needs(one()), nil, &newer, []model.PlanState{model.PlanProposed, model.PlanSuperseded}, "superseded by plan p-2"},
		"rolled back":            {refuse(model.StepCutOver), one(), nil, nil, []model.PlanState{model.PlanScheduled, model.PlanRunning, model.PlanRolledBack}, "refused"},
		"parked":                 {refuse(model.StepRetire), one(), nil, nil, []model.PlanState{model.PlanScheduled, model.PlanRunning, model.PlanParked}, "parked"},
		"stopped by a person":    {slow, two, []model.Control{order(model.ControlStop)}, nil, []model.PlanState{model.PlanScheduled, model.PlanRunning, model.PlanStopped}, "stop by ada"},
		"stopped by the planner": {slow, two, nil, &stopped, []model.PlanState{model.PlanScheduled, model.PlanRunning, model.PlanStopped}, "s2 is gone"},
		"taken back":             {slow, two, nil, &back, []model.PlanState{model.PlanScheduled, model.PlanRunning, model.PlanRolledBack}, "s1 was better"},
		"amended":                {slow, two, nil, &amended, []model.PlanState{model.PlanScheduled, model.PlanRunning, model.PlanSucceeded}, "1 of 3 moves dropped: s2 is full"},
	} {
		s := newScript(t, testConfig(c.simulate))
		for _, o := range c.orders {
			if o.Kind != model.ControlStop {
				s.feed(stream.Control, o)
			}
		}
		s.minute(tick, c.first)
		for _, o := range c.orders {
			if o.Kind == model.ControlStop { // it is under way now
				o.At += 60 * second
				s.feed(stream.Control, o)
			}
		}
		for i := range 30 {
			at := model.Instant(tick + 60*second*(i+1))
			if i == 0 && c.second != nil {
				again := *c.second
				again.Tick = max(again.Tick, at)
				s.minute(at, again)
				continue
			}
			s.minute(at)
		}
		if got := s.states("p-1"); !slices.Equal(got, c.want) {
			t.Errorf("%s: states %v, want %v", name, got, c.want)
		}
		if why := s.reason("p-1"); !strings.Contains(why, c.why) {
			t.Errorf("%s: ended since %q, want %q", name, why, c.why)
		}
	}
}

// reason returns the last reason told about a plan.
func (s *script) reason(id model.PlanID) string {
	why := ""
	for _, e := range s.out {
		if o, ok := e.Event.(model.Outcome); ok && o.Kind == model.OutcomePlan && o.Plan == id {
			why = o.Reason
		}
	}
	return why
}

func TestALiveExecutorAmendsAPlan(t *testing.T) {
	release := make(chan struct{})
	driver := newFake()
	driver.perform = holdAt(release)
	h := newHouse(t, liveConfig(), driver)
	p := plan("p-1", 0, "web/0", "web/1", "web/2")
	h.feed(stream.Plans, p)
	h.await("the first command", func() bool { return len(h.steps(model.PhaseIntent)) > 0 })
	p.State, p.Dropped = model.PlanRunning, []model.DroppedMove{{Index: 1, Reason: "s2 is full"}}
	h.feed(stream.Plans, p)
	h.await("the amendment", func() bool {
		return slices.ContainsFunc(h.lines(), func(line string) bool { return strings.Contains(line, "1 of 3 moves dropped") })
	})
	close(release)
	h.awaitEnd("p-1", model.PlanSucceeded)
	for _, s := range h.steps(model.PhaseIntent) {
		if s.MoveIndex == 1 {
			t.Fatalf("the dropped move was begun: %s", s.ID)
		}
	}
}

// holdAt makes commands wait until the channel is closed.
func holdAt(release <-chan struct{}) func(context.Context, actuator.Command) error {
	return func(ctx context.Context, _ actuator.Command) error {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return ctx.Err()
	}
}
