package executor

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/saga"
	"drover/internal/stage"
	"drover/internal/stream"
)

const second = 1000

func testConfig(simulate Simulate) *Config {
	c := DefaultConfig()
	c.Interval, c.Beat = 60*time.Second, 10*time.Second
	c.Saga = saga.DefaultConfig()
	c.Saga.Watch = 20 * time.Second
	c.Simulate = simulate
	return &c
}

// quick performs every command in two seconds.
func quick(model.Step, model.Move) (time.Duration, string) { return 2 * time.Second, "" }

func plan(id model.PlanID, at model.Instant, replicas ...model.ReplicaID) model.Plan {
	p := model.Plan{Fleet: "f", ID: id, Tick: at, State: model.PlanProposed, Waves: 1}
	for i, r := range replicas {
		app, _, _ := r.Split()
		p.Moves = append(p.Moves, model.Move{Index: i, Replica: r, Application: app, From: "s1", To: "s2", Wave: 1})
	}
	return p
}

// script feeds the two inputs of a task: each tick's plans, then time.
type script struct {
	t       *testing.T
	task    stage.Task
	offsets map[string]int64
	out     []stage.Emission
}

func newScript(t *testing.T, config *Config) *script {
	return &script{t: t, task: NewTask(config, 0), offsets: map[string]int64{}}
}

func (s *script) feed(topic string, event any) {
	s.t.Helper()
	out, err := s.task.Handle(stage.Record{Topic: topic, Offset: s.offsets[topic], Event: event})
	if err != nil {
		s.t.Fatal(err)
	}
	s.offsets[topic]++
	s.out = append(s.out, out...)
}

// minute plays one planning interval that begins at a tick.
func (s *script) minute(tick model.Instant, plans ...model.Plan) {
	s.t.Helper()
	for _, p := range plans {
		s.feed(stream.Plans, p)
	}
	s.feed(stream.Plans, model.Marker{Source: "planner/0", Sources: 1, At: tick})
	for at := tick + 10*second; at <= tick+60*second; at += 10 * second {
		s.feed(stream.Control, model.Heartbeat{Producer: "p", At: at})
	}
}

func (s *script) ends() map[model.PlanID]model.PlanState {
	ends := map[model.PlanID]model.PlanState{}
	for _, e := range s.out {
		if o, ok := e.Event.(model.Outcome); ok && o.Kind == model.OutcomePlan && o.State.Ended() {
			ends[o.Plan] = o.State
		}
	}
	return ends
}

func TestAPlanIsCarriedOut(t *testing.T) {
	s := newScript(t, testConfig(quick))
	s.minute(600*second, plan("p-1", 600*second, "web/0"))
	s.minute(660 * second)
	s.minute(720 * second)
	if got := s.ends()["p-1"]; got != model.PlanSucceeded {
		t.Errorf("plan ended %q, want succeeded", got)
	}
}

func TestIntentsComeBeforeWhatTheyLeadTo(t *testing.T) {
	s := newScript(t, testConfig(quick))
	s.minute(600*second, plan("p-1", 600*second, "web/0", "api/0"))
	s.minute(660 * second)
	s.minute(720 * second)
	seen := map[model.StepID]bool{}
	for _, e := range s.out {
		step, ok := e.Event.(model.Step)
		if !ok {
			continue
		}
		if step.Phase == model.PhaseIntent {
			seen[step.ID] = true
		} else if !seen[step.ID] {
			t.Errorf("%s is %s without an intent", step.ID, step.Phase)
		}
	}
	if len(seen) == 0 {
		t.Error("no intents")
	}
}

func TestAFailureRollsTheWholePlanBack(t *testing.T) {
	fail := func(step model.Step, move model.Move) (time.Duration, string) {
		if step.Kind == model.StepCutOver && move.Replica == "api/0" {
			return time.Second, "refused"
		}
		return time.Second, ""
	}
	s := newScript(t, testConfig(fail))
	s.minute(600*second, plan("p-1", 600*second, "web/0", "api/0"))
	for tick := model.Instant(660 * second); tick < 1800*second; tick += 60 * second {
		s.minute(tick)
	}
	if got := s.ends()["p-1"]; got != model.PlanRolledBack {
		t.Fatalf("plan ended %q, want rolled back", got)
	}
	last := map[model.ReplicaID]model.ServerID{}
	for _, e := range s.out {
		if o, ok := e.Event.(model.Outcome); ok && o.Kind == model.OutcomeMove {
			last[o.Replica] = o.Server
		}
	}
	if want := (map[model.ReplicaID]model.ServerID{"web/0": "s1", "api/0": "s1"}); !reflect.DeepEqual(last, want) {
		t.Errorf("replicas run on %v, want %v", last, want)
	}
}

func TestEveryBeatEndsWithAMarker(t *testing.T) {
	s := newScript(t, testConfig(quick))
	s.minute(600 * second)
	s.minute(660 * second)
	var at []model.Instant
	for _, e := range s.out {
		if m, ok := e.Event.(model.Marker); ok {
			if e.Topic != stream.Outcomes || e.Partition != 0 {
				t.Errorf("marker to %s/%d", e.Topic, e.Partition)
			}
			at = append(at, m.At/second)
		}
	}
	if want := []model.Instant{660, 670, 680, 690, 700, 710, 720}; !reflect.DeepEqual(at, want) {
		t.Errorf("markers at %v, want %v", at, want)
	}
}

func TestACrashAnywhereGivesTheSameRecords(t *testing.T) {
	play := func(crashEvery int) []string {
		config := testConfig(quick)
		s := newScript(t, config)
		var lines []string
		n := 0
		for tick := model.Instant(600 * second); tick < 1200*second; tick += 60 * second {
			s.minute(tick, plan(model.PlanID(fmt.Sprintf("p-%d", tick)), tick, "web/0"))
			if n++; crashEvery > 0 && n%crashEvery == 0 {
				snapshot, err := s.task.AppendSnapshot(nil)
				if err != nil {
					t.Fatal(err)
				}
				again := NewTask(config, 0)
				if err := again.Restore(snapshot); err != nil {
					t.Fatal(err)
				}
				b, err := again.AppendSnapshot(nil)
				if err != nil || !bytes.Equal(snapshot, b) {
					t.Fatalf("a restored state has other bytes (error %v)", err)
				}
				s.task = again
				for topic := range s.offsets {
					if at, _ := again.Position(topic); at != s.offsets[topic] {
						t.Fatalf("position of %s is %d of %d: the script would have to read again", topic, at, s.offsets[topic])
					}
				}
			}
		}
		for _, e := range s.out {
			lines = append(lines, fmt.Sprintf("%s %+v", e.Topic, e.Event))
		}
		return lines
	}
	want := play(0)
	for _, every := range []int{1, 3} {
		if got := play(every); !reflect.DeepEqual(got, want) {
			t.Errorf("crashing after every %d minutes gives other records", every)
		}
	}
}

func TestOrdersReachTheSaga(t *testing.T) {
	s := newScript(t, testConfig(quick))
	s.feed(stream.Control, model.Control{Fleet: "f", ID: "c1", Kind: model.ControlKill, At: 600 * second, By: "ann"})
	s.minute(600*second, plan("p-1", 600*second, "web/0"))
	s.minute(660 * second)
	for _, e := range s.out {
		if step, ok := e.Event.(model.Step); ok {
			t.Fatalf("step %s was begun although the fleet is stopped", step.ID)
		}
	}
}

func TestASupersededPlanBeginsNothingMore(t *testing.T) {
	slow := func(model.Step, model.Move) (time.Duration, string) { return 20 * time.Second, "" }
	config := testConfig(slow)
	config.Saga.Limits.PerFleet = 1
	s := newScript(t, config)
	p := plan("p-1", 600*second, "web/0", "api/0", "db/0")
	s.minute(600*second, p)
	p.State = model.PlanSuperseded
	s.minute(660*second, p)
	for tick := model.Instant(720 * second); tick < 1800*second; tick += 60 * second {
		s.minute(tick)
	}
	began := map[int]bool{}
	for _, e := range s.out {
		if step, ok := e.Event.(model.Step); ok {
			began[step.MoveIndex] = true
		}
	}
	if len(began) != 1 || s.ends()["p-1"] == "" {
		t.Errorf("%d of 3 moves were begun, the plan ended %q; want one and an end", len(began), s.ends()["p-1"])
	}
}
