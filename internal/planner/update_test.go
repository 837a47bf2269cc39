package planner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/stream"
)

// updateScene is a planner with the real policy over four servers with a replica
// each, of which three are ordered to be updated.
type updateScene struct {
	*scene
	at model.Instant
	// hook says how the update of a server ends; moves always do well.
	hook    func(model.ServerID) string
	updated []model.ServerID
	where   map[model.ReplicaID]model.ServerID
	done    map[model.PlanID]bool
	last    model.Evaluation
	// afterTick is called before what a tick has decided is carried out.
	afterTick func()
}

func newUpdateScene(t *testing.T) *updateScene {
	s := &updateScene{scene: newScene(t), at: 60 * minute, hook: func(model.ServerID) string { return "" }, done: map[model.PlanID]bool{}, where: map[model.ReplicaID]model.ServerID{}}
	s.task = NewTask(s.updateConfig(), 0)
	for i := range 4 {
		id := model.ServerID(fmt.Sprintf("s%d", i))
		s.where[model.NewReplicaID(model.ApplicationID(fmt.Sprintf("a%d", i)), 0)] = id
		s.feed(stream.Servers, model.Server{Fleet: "f", ID: id, At: 1, Zone: "a", Capacity: model.Vector{8000, 32 << 30, 1 << 27, 1 << 27, 1 << 39}})
		s.feed(stream.Applications, model.Application{Fleet: "f", ID: model.ApplicationID(fmt.Sprintf("a%d", i)), At: 1, Replicas: 1,
			Request: model.Vector{1000, 1 << 30, 1 << 20, 1 << 20, 1 << 30}, Placement: []model.ServerID{id}})
	}
	return s
}

// firstFit empties closed servers onto the first open one that has room.
func firstFit(p *model.Problem, _ scenario.Budget) (model.Answer, error) {
	a := model.Answer{Assignment: make([]int, len(p.Items))}
	load := make([]int64, len(p.Bins))
	for i, item := range p.Items {
		a.Assignment[i] = item.Start
		load[item.Start] += item.Demand[0]
	}
	for i, item := range p.Items {
		for b := 0; p.Bins[item.Start].Closed && b < len(p.Bins); b++ {
			if !p.Bins[b].Closed && load[b]+item.Demand[0] <= p.Bins[b].Capacity[0] {
				a.Assignment[i] = b
				load[b] += item.Demand[0]
				break
			}
		}
	}
	return a, nil
}

// run lets ticks pass in which every plan is carried out until the next.
func (s *updateScene) run(ticks int) {
	s.t.Helper()
	for range ticks {
		s.tick(s.at)
		if s.afterTick != nil {
			s.afterTick()
		}
		var plans []model.Plan
		for _, e := range s.out {
			switch e := e.Event.(type) {
			case model.Evaluation:
				s.last = e
			case model.Plan:
				if !s.done[e.ID] && !e.Again() {
					plans = append(plans, e)
				}
			}
		}
		for _, p := range plans {
			s.done[p.ID] = true
			s.carryOut(p)
		}
		s.at = s.at.Add(5 * time.Minute)
	}
}

func (s *updateScene) carryOut(p model.Plan) {
	s.t.Helper()
	state := model.PlanSucceeded
	for _, m := range p.Moves {
		s.where[m.Replica] = m.To
		s.feed(stream.Outcomes, model.Outcome{Fleet: "f", Kind: model.OutcomeMove, Plan: p.ID, MoveIndex: m.Index, Replica: m.Replica, Server: m.To, OK: true, State: state, At: s.at.Add(time.Minute)})
	}
	if p.UpdateServer != "" {
		for replica, on := range s.where {
			if on == p.UpdateServer {
				s.t.Errorf("%s is handed over while %s runs there", on, replica)
			}
		}
		s.updated = append(s.updated, p.UpdateServer)
		o := model.Outcome{Fleet: "f", Kind: model.OutcomeMove, Plan: p.ID, MoveIndex: model.PlanMove, Server: p.UpdateServer, OK: true, State: state, At: s.at.Add(2 * time.Minute)}
		if why := s.hook(p.UpdateServer); why != "" {
			state, o.OK, o.State, o.Reason = model.PlanParked, false, model.PlanParked, why
		}
		s.feed(stream.Outcomes, o)
	}
	s.feed(stream.Outcomes, model.Outcome{Fleet: "f", Kind: model.OutcomePlan, Plan: p.ID, MoveIndex: model.PlanMove, State: state, OK: state == model.PlanSucceeded, At: s.at.Add(3 * time.Minute)})
}

func (s *updateScene) order(atOnce int) {
	s.feed(stream.Control, model.Control{Fleet: "f", ID: "u-1", Kind: model.ControlUpdate, By: "ada", At: 59 * minute, Servers: []model.ServerID{"s0", "s1", "s2"},
		Hook: "kernel", Duration: 10 * time.Minute, EarliestStart: 59 * minute, LatestEnd: 59*minute + 12*60*minute, AtOnce: atOnce})
}

// states lists the updates of the last record as "s0 done".
func (s *updateScene) states() string {
	var out []string
	for _, u := range s.last.Updates {
		out = append(out, fmt.Sprintf("%s %s", u.Server, u.State))
	}
	return strings.Join(out, ", ")
}

func TestAnUpdateOrderRollsOverItsServers(t *testing.T) {
	s := newUpdateScene(t)
	s.order(1)
	s.run(1)
	if got := s.states(); strings.Count(got, "draining") != 1 || strings.Count(got, "waiting") != 2 {
		t.Errorf("at first %s, want one that is drained", got)
	}
	s.run(30)
	if got := s.states(); got != "s0 done, s1 done, s2 done" || len(s.updated) != 3 {
		t.Errorf("at last %s, updated %v", got, s.updated)
	}
	if b := s.last.Updates[0]; b.Roll != "u-1" || b.Hook != "kernel" || b.Maintenance != "u-1/s0" {
		t.Errorf("%+v", b)
	}
}

func TestAnUpdateOrderStopsAtTheFirstFailureUntilAPersonDecides(t *testing.T) {
	s := newUpdateScene(t)
	s.order(1)
	broken := true
	third := model.ServerID("")
	s.hook = func(id model.ServerID) string {
		if third == "" && len(s.updated) == 3 {
			third = id
		}
		if id == third && broken {
			return "exit status 1"
		}
		return ""
	}
	s.run(30)
	failed := fmt.Sprintf("%s failed", third)
	if got := s.states(); !strings.Contains(got, failed) || strings.Count(got, "done") != 2 || len(s.updated) != 3 {
		t.Fatalf("%s, updated %v", got, s.updated)
	}
	for replica, on := range s.where {
		if on == third {
			t.Errorf("%s runs on %s, whose update failed", replica, third)
		}
	}
	broken = false
	s.feed(stream.Control, model.Control{Fleet: "f", ID: "o-2", Kind: model.ControlUpdateRetry, Roll: "u-1", By: "ada", At: s.at})
	s.run(10)
	if got := s.states(); strings.Count(got, "done") != 3 || len(s.updated) != 4 {
		t.Errorf("after another try %s, updated %v", got, s.updated)
	}
}

func TestServersOfARollAreOutOfUseTogetherAsOrdered(t *testing.T) {
	s := newUpdateScene(t)
	s.order(2)
	s.run(1)
	if got := s.states(); strings.Count(got, "draining") != 2 || strings.Count(got, "waiting") != 1 {
		t.Errorf("%s, want two that are drained", got)
	}
	// Hooks that last: both servers are handed over before either is done.
	held := map[model.PlanID]bool{}
	for range 10 {
		s.tick(s.at)
		for _, e := range s.out {
			p, ok := e.Event.(model.Plan)
			switch {
			case !ok || s.done[p.ID] || held[p.ID]:
			case p.UpdateServer != "":
				held[p.ID] = true
				s.feed(stream.Outcomes, model.Outcome{Fleet: "f", Kind: model.OutcomePlan, Plan: p.ID, MoveIndex: model.PlanMove, State: model.PlanRunning, At: s.at.Add(time.Minute)})
			default:
				s.done[p.ID] = true
				s.carryOut(p)
			}
		}
		s.at = s.at.Add(5 * time.Minute)
	}
	if len(held) != 2 {
		t.Errorf("%d servers handed over at once, want 2", len(held))
	}
}

func TestAnUpdateThatIsCalledOffIsNotBegun(t *testing.T) {
	s := newUpdateScene(t)
	s.order(1)
	s.run(3)
	before := len(s.updated)
	s.feed(stream.Control, model.Control{Fleet: "f", ID: "o-2", Kind: model.ControlUpdateCancel, Roll: "u-1", By: "ada", At: s.at})
	s.run(20)
	if len(s.updated) > before+1 || len(s.updated) == 3 {
		t.Errorf("%d servers were updated before it was called off, %d in all", before, len(s.updated))
	}
	for _, u := range s.last.Updates {
		if u.State != model.UpdateDone {
			t.Errorf("%s is %s", u.Server, u.State)
		}
	}
}

func TestUpdatesSurviveARestart(t *testing.T) {
	s := newUpdateScene(t)
	s.order(1)
	s.afterTick = s.restart
	s.run(30)
	if got := s.states(); got != "s0 done, s1 done, s2 done" || len(s.updated) != 3 {
		t.Errorf("%s, updated %v: %s", got, s.updated, s.last.Reason)
	}
}

// restart replaces the task by one that goes on from its snapshot.
func (s *updateScene) restart() {
	s.t.Helper()
	snapshot, err := s.task.AppendSnapshot(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.task = NewTask(s.updateConfig(), 0)
	if err := s.task.Restore(snapshot); err != nil {
		s.t.Fatal(err)
	}
}

func (s *updateScene) updateConfig() *Config {
	config := s.config()
	config.NewPolicy = func(model.FleetID) (Policy, error) {
		return ScenarioPolicy{Config: scenario.Config{Hysteresis: time.Minute}, Solve: firstFit}, nil
	}
	return config
}
