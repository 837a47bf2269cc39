package planner

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/stage"
	"drover/internal/stream"
)

const minute = 60_000

// stub is a policy that records its views and moves one replica when told.
type stub struct {
	views []scenario.View
	plan  *model.Plan
	seen  int
	// What Recheck condemns, whether it is taken back, and what it drops of others.
	wrong model.PlanID
	back  bool
	drop  []model.DroppedMove
}

func (p *stub) Decide(v scenario.View) (model.Evaluation, *model.Plan, error) {
	p.views = append(p.views, v)
	p.seen++
	return model.Evaluation{Fleet: v.Fleet, Tick: v.Tick, Decision: fmt.Sprint(p.seen)}, p.plan, nil
}
func (p *stub) Recheck(_ scenario.View, plan model.Plan) scenario.Verdict {
	if p.wrong != plan.ID {
		return scenario.Verdict{Drop: p.drop}
	}
	return scenario.Verdict{Wrong: true, Back: p.back, Reason: "the target is full"}
}
func (p *stub) AppendSnapshot(b []byte) ([]byte, error) { return append(b, byte(p.seen)), nil }
func (p *stub) Restore(b []byte) error {
	if len(b) != 1 {
		return errors.New("stub: one byte is wanted")
	}
	p.seen = int(b[0])
	return nil
}

// scene feeds a planner's task.
type scene struct {
	t       *testing.T
	task    stage.Task
	policy  *stub
	offsets map[string]int64
	out     []stage.Emission
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, policy: &stub{}, offsets: map[string]int64{}}
	s.task = NewTask(s.config(), 0)
	return s
}

func (s *scene) config() *Config {
	c := DefaultConfig()
	c.NewPolicy = func(model.FleetID) (Policy, error) { return s.policy, nil }
	return &c
}

func (s *scene) feed(topic string, event any) {
	s.t.Helper()
	out, err := s.task.Handle(stage.Record{Topic: topic, Offset: s.offsets[topic], Event: event})
	if err != nil {
		s.t.Fatal(err)
	}
	s.offsets[topic]++
	s.out = append(s.out, out...)
}

// tick completes a tick on all inputs.
func (s *scene) tick(at model.Instant) {
	s.t.Helper()
	for _, topic := range []string{stream.Servers, stream.Applications, stream.Calendar, stream.Maintenance, stream.Control} {
		s.feed(topic, model.Heartbeat{Producer: "p", At: at})
	}
	for _, topic := range []string{stream.Graph, stream.Outcomes, stream.Forecasts} {
		s.feed(topic, model.Marker{Source: "s/" + topic, Sources: 1, At: at})
	}
}

func (s *scene) last() scenario.View {
	s.t.Helper()
	if len(s.policy.views) == 0 {
		s.t.Fatal("no decision")
	}
	return s.policy.views[len(s.policy.views)-1]
}

// demands returns what the last evaluation told of service demands.
func (s *scene) demands() []model.ServiceDemand {
	s.t.Helper()
	for _, e := range slices.Backward(s.out) {
		if ev, ok := e.Event.(model.Evaluation); ok {
			return ev.Demands
		}
	}
	s.t.Fatal("no evaluation")
	return nil
}

func app(id model.ApplicationID, at model.Instant, on ...model.ServerID) model.Application {
	return model.Application{Fleet: "f", ID: id, At: at, Replicas: len(on), Placement: on}
}

func TestTheViewHoldsWhatTheTopicsSaid(t *testing.T) {
	s := newScene(t)
	s.feed(stream.Servers, model.Server{Fleet: "f", ID: "s1", At: 1})
	s.feed(stream.Servers, model.Server{Fleet: "f", ID: "s2", At: 1})
	s.feed(stream.Servers, model.Server{Fleet: "f", ID: "s2", At: 2, Removed: true})
	s.feed(stream.Applications, app("web", 1, "s1", "s2"))
	s.feed(stream.Calendar, model.CalendarEvent{Fleet: "f", ID: "c", Start: 1, End: 2})
	s.feed(stream.Maintenance, model.Maintenance{Fleet: "f", ID: "m", Server: "s1", Start: 90 * minute, End: 95 * minute})
	s.feed(stream.Graph, model.Edge{Fleet: "f", Caller: "web", Callee: "api"})
	s.feed(stream.Graph, model.Edge{Fleet: "f", Caller: "web", Callee: "old"})
	s.feed(stream.Graph, model.Edge{Fleet: "f", Caller: "web", Callee: "old", Gone: true})
	s.feed(stream.Forecasts, model.Forecast{Fleet: "f", Entity: "app:web", Resource: model.CPU, Observed: 7})
	s.tick(60 * minute)
	v := s.last()
	if len(v.Servers) != 1 || len(v.Applications) != 1 || len(v.Calendar) != 1 || len(v.Maintenance) != 1 || len(v.Edges) != 1 {
		t.Errorf("view has %d servers, %d applications, %d events, %d windows, %d edges; want one of each",
			len(v.Servers), len(v.Applications), len(v.Calendar), len(v.Maintenance), len(v.Edges))
	}
	if got := v.Forecasts[scenario.ForecastKey{Entity: "app:web", Resource: model.CPU}].Observed; got != 7 {
		t.Errorf("forecast says %v, want 7", got)
	}
	if want := (model.Placement{"web/0": "s1", "web/1": "s2"}); !reflect.DeepEqual(v.Placement, want) {
		t.Errorf("placement %v, want %v", v.Placement, want)
	}
	s.tick(65 * minute)
	if n := len(s.last().Forecasts); n != 0 {
		t.Errorf("%d forecasts of the tick before are used again", n)
	}
}

func TestOutcomesMoveReplicasAndEndPlans(t *testing.T) {
	s := newScene(t)
	s.policy.plan = &model.Plan{Fleet: "f", ID: "p-1", Tick: 60 * minute, State: model.PlanProposed}
	s.feed(stream.Applications, app("web", 1, "s1", "s2"))
	s.tick(60 * minute)
	s.policy.plan = nil
	s.tick(65 * minute)
	if v := s.last(); len(v.InFlight) != 1 || v.InFlight[0].ID != "p-1" {
		t.Fatalf("plans in flight %v, want p-1", v.InFlight)
	}
	s.feed(stream.Outcomes, model.Outcome{Fleet: "f", Kind: model.OutcomeMove, Plan: "p-1", Replica: "web/0", Server: "s3", OK: true, At: 66 * minute})
	s.feed(stream.Outcomes, model.Outcome{Fleet: "f", Kind: model.OutcomePlan, Plan: "p-1", State: model.PlanSucceeded, OK: true, At: 67 * minute})
	s.tick(70 * minute)
	v := s.last()
	if v.Placement["web/0"] != "s3" || len(v.InFlight) != 0 || len(v.RecentMoves) != 1 {
		t.Errorf("placement %v, %d plans in flight, %d recent moves; want s3, 0, 1", v.Placement, len(v.InFlight), len(v.RecentMoves))
	}
	// Metadata from before the move doesn't take it back; newer metadata does.
	s.feed(stream.Applications, app("web", 60*minute, "s1", "s2"))
	s.tick(75 * minute)
	if got := s.last().Placement["web/0"]; got != "s3" {
		t.Errorf("old metadata moved web/0 to %s", got)
	}
	s.feed(stream.Applications, app("web", 76*minute, "s5"))
	s.tick(80 * minute)
	if want := (model.Placement{"web/0": "s5"}); !reflect.DeepEqual(s.last().Placement, want) {
		t.Errorf("placement %v after scaling in, want %v", s.last().Placement, want)
	}
}

func TestDecisionsAndMarkersArePublished(t *testing.T) {
	s := newScene(t)
	s.policy.plan = &model.Plan{Fleet: "f", ID: "p-1"}
	s.feed(stream.Applications, app("web", 1, "s1"))
	s.tick(60 * minute)
	var topics []string
	for _, e := range s.out {
		topics = append(topics, e.Topic)
	}
	if want := []string{stream.Scenarios, stream.Plans, stream.Plans}; !reflect.DeepEqual(topics, want) {
		t.Fatalf("emitted to %v, want %v", topics, want)
	}
	if m, ok := s.out[2].Event.(model.Marker); !ok || m.At != 60*minute {
		t.Errorf("the tick ends with %+v, want its marker", s.out[2].Event)
	}
	inputs := s.last().Inputs
	if len(inputs) != len(Topics()) || inputs[1].Topic != stream.Applications || inputs[1].Offset != 2 {
		t.Errorf("inputs %v: want every topic, two records of applications", inputs)
	}
}

func TestARestartRemembersEverything(t *testing.T) {
	s := newScene(t)
	s.feed(stream.Applications, app("web", 1, "s1"))
	s.feed(stream.Control, model.Control{Fleet: "f", ID: "o", Kind: model.ControlDrain, Server: "s1", At: 59 * minute})
	s.tick(60 * minute)
	snapshot, err := s.task.AppendSnapshot(nil)
	if err != nil {
		t.Fatal(err)
	}
	before := s.last()
	again := newScene(t)
	if err := again.task.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	if b, err := again.task.AppendSnapshot(nil); err != nil || !bytes.Equal(b, snapshot) {
		t.Errorf("a restored planner saves other bytes (error %v)", err)
	}
	again.offsets = s.offsets
	again.tick(65 * minute)
	after := again.last()
	if !reflect.DeepEqual(after.Placement, before.Placement) || !reflect.DeepEqual(after.Drained, before.Drained) || again.policy.seen != 2 {
		t.Errorf("after a restart: placement %v, drained %v, %d decisions", after.Placement, after.Drained, again.policy.seen)
	}
	if err := again.task.Restore([]byte("{")); err == nil {
		t.Error("a broken snapshot was taken")
	}
}

func TestOldMovesAndWindowsAreForgotten(t *testing.T) {
	s := newScene(t)
	s.feed(stream.Applications, app("web", 1, "s1"))
	s.feed(stream.Maintenance, model.Maintenance{Fleet: "f", ID: "m", Server: "s1", Start: minute, End: 2 * minute})
	s.tick(60 * minute)
	s.feed(stream.Outcomes, model.Outcome{Fleet: "f", Kind: model.OutcomeMove, Replica: "web/0", Server: "s2", At: 61 * minute})
	s.tick(65 * minute)
	if len(s.last().RecentMoves) != 1 || len(s.last().Maintenance) != 1 {
		t.Fatalf("view %+v misses the move or the window", s.last())
	}
	for at := model.Instant(70 * minute); at <= 65*minute+25*60*minute; at += 5 * minute {
		s.tick(at)
	}
	if v := s.last(); len(v.RecentMoves) != 0 || len(v.Maintenance) != 0 {
		t.Errorf("a day later %d moves and %d windows are kept", len(v.RecentMoves), len(v.Maintenance))
	}
}

func TestAPlanThatContradictsTheViewIsHeldBack(t *testing.T) {
	v := scenario.View{Servers: map[model.ServerID]model.Server{"s1": {}}, Placement: model.Placement{"web/0": "s1"}}
	for name, m := range map[string]model.Move{
		"unknown target": {Replica: "web/0", From: "s1", To: "s9"},
		"wrong source":   {Replica: "web/0", From: "s2", To: "s1"},
	} {
		if err := checkPlan(v, &model.Plan{ID: "p", Moves: []model.Move{m}}); err == nil || !strings.Contains(err.Error(), "move 0") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := checkPlan(v, nil); err != nil {
		t.Errorf("no plan: %v", err)
	}
}

func TestConfigErrorsNameTheField(t *testing.T) {
	for want, spoil := range map[string]func(*Config){
		"interval":       func(c *Config) { c.Interval = 0 },
		"remember-moves": func(c *Config) { c.RememberMoves = time.Minute },
		"policy":         func(c *Config) { c.NewPolicy = nil },
	} {
		c := *newScene(t).config()
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
}

func TestAPlanThatHasBecomeWrongIsToldToStopOnce(t *testing.T) {
	s := newScene(t)
	s.policy.plan = &model.Plan{Fleet: "f", ID: "p-1", Tick: 60 * minute, State: model.PlanProposed}
	s.feed(stream.Applications, app("web", 1, "s1"))
	s.tick(60 * minute)
	s.policy.plan, s.policy.wrong = nil, "p-1"
	s.tick(65 * minute)
	s.tick(70 * minute)
	told := 0
	for _, e := range s.out {
		if p, ok := e.Event.(model.Plan); ok && p.State == model.PlanSuperseded {
			told++
			if p.ID != "p-1" || p.Reason != "the target is full" || e.Topic != stream.Plans {
				t.Errorf("told %+v on %s", p, e.Topic)
			}
		}
	}
	if told != 1 {
		t.Errorf("told %d times, want once", told)
	}
}

func TestAPlanIsAmendedWhileItRuns(t *testing.T) {
	s := newScene(t)
	s.policy.plan = &model.Plan{Fleet: "f", ID: "p-1", Tick: 60 * minute, State: model.PlanProposed, Moves: []model.Move{{}, {Index: 1}, {Index: 2}}}
	s.feed(stream.Applications, app("web", 1, "s1"))
	s.tick(60 * minute)
	s.policy.plan = nil
	s.feed(stream.Outcomes, model.Outcome{Fleet: "f", Kind: model.OutcomePlan, Plan: "p-1", MoveIndex: model.PlanMove, State: model.PlanRunning, At: 61 * minute})
	s.feed(stream.Outcomes, model.Outcome{Fleet: "f", Kind: model.OutcomeStep, Plan: "p-1", MoveIndex: 1, OK: true, At: 62 * minute})
	s.policy.drop = []model.DroppedMove{{Index: 2, Reason: "s9 is full"}}
	s.tick(65 * minute)
	if got := s.last().Begun["p-1"]; !reflect.DeepEqual(got, []int{1}) {
		t.Errorf("begun moves %v, want 1", got)
	}
	s.policy.drop = []model.DroppedMove{{Index: 0, Reason: "s8 is full"}}
	s.tick(70 * minute)
	s.policy.drop = nil
	s.tick(75 * minute)
	var told [][]model.DroppedMove
	for _, e := range s.out {
		if p, ok := e.Event.(model.Plan); ok && p.Again() {
			told = append(told, p.Dropped)
			if p.State != model.PlanRunning || e.Topic != stream.Plans {
				t.Errorf("told %+v on %s", p, e.Topic)
			}
		}
	}
	if len(told) != 2 || len(told[0]) != 1 || len(told[1]) != 2 || told[1][0].Index != 2 {
		t.Errorf("told %v, want move 2 and then moves 2 and 0", told)
	}
	if got := s.last().InFlight[0].Dropped; len(got) != 2 {
		t.Errorf("the view's plan has %v dropped", got)
	}
}

func TestAPlanThatWasBetterBeforeIsTakenBack(t *testing.T) {
	s := newScene(t)
	s.policy.plan = &model.Plan{Fleet: "f", ID: "p-1", Tick: 60 * minute, State: model.PlanProposed}
	s.feed(stream.Applications, app("web", 1, "s1"))
	s.tick(60 * minute)
	s.policy.plan, s.policy.wrong, s.policy.back = nil, "p-1", true
	s.tick(65 * minute)
	last, ok := s.out[len(s.out)-2].Event.(model.Plan)
	if !ok || last.State != model.PlanRolledBack || last.Reason != "the target is full" {
		t.Errorf("told %+v", last)
	}
}
