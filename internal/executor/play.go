package executor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"drover/internal/model"
	"drover/internal/saga"
	"drover/internal/stage"
	"drover/internal/stream"
)

// fleet is one fleet's sagas and the simulated commands under way.
type fleet struct {
	id       model.FleetID
	saga     *saga.Fleet
	simulate Simulate
	plans    map[model.PlanID]model.Plan // that have not ended
	traces   map[model.PlanID]string     // the traces of theirs that are recorded
	running  []completion                // by time, then step

	// epoch is stamped on what is performed by real drivers; health is what is
	// known of the replicas under way, by their move (see healthKey). Both are of
	// live tasks only.
	epoch  int64
	health map[model.StepID]*health
	config *Config
}

func newFleet(id model.FleetID, config *Config) *fleet {
	return &fleet{id: id, saga: saga.NewFleet(id, config.Saga), simulate: config.Simulate, config: config,
		plans: map[model.PlanID]model.Plan{}, traces: map[model.PlanID]string{}}
}

// completion is when a simulated command will have ended, and how. Began is when
// it was given.
type completion struct {
	At, Began model.Instant
	Step      model.Step
}

func compareCompletions(a, b completion) int {
	if a.At != b.At {
		return int(min(max(a.At-b.At, -1), 1))
	}
	return strings.Compare(string(a.Step.ID), string(b.Step.ID))
}

// submit takes a plan in at an instant. The planner sends a plan again when it has
// become wrong (see end), and with moves dropped when some of them have.
func (f *fleet) submit(p model.Plan, at model.Instant, out []stage.Emission) []stage.Emission {
	if p.Again() && len(p.Dropped) == 0 {
		return f.end(&p, at, out)
	}
	// An amended plan may be all that is left of it where records are compacted.
	if effects := f.saga.Submit(p, at); len(effects) > 0 {
		f.plans[p.ID] = p
		out = f.take(effects, out)
	}
	return f.take(f.saga.Amend(p.ID, p.Dropped, at), out)
}

// follow notes the trace that a plan's steps and outcomes belong to, whatever
// record or moment brings them about.
func (f *fleet) follow(p *model.Plan, trace string) {
	if trace != "" && !p.Again() {
		f.traces[p.ID] = trace
	}
}

// end ends a plan that has become wrong: moves under way are finished and no
// more are begun, or all of them are taken back.
func (f *fleet) end(p *model.Plan, now model.Instant, out []stage.Emission) []stage.Emission {
	mode := model.StopFinish
	if p.State == model.PlanRolledBack {
		mode = model.StopCompensate
	}
	return f.control(model.Control{Fleet: f.id, ID: "superseded/" + string(p.ID), Kind: model.ControlStop, Plan: p.ID,
		Mode: mode, By: "planner", Comment: p.Reason, At: now}, out)
}

func (f *fleet) control(c model.Control, out []stage.Emission) []stage.Emission {
	return f.take(f.saga.Control(c), out)
}

// play moves event time on: simulated commands end and timers fire in order of
// time, each able to set off others that still lie before the end.
func (f *fleet) play(until model.Instant, out []stage.Emission) ([]stage.Emission, error) {
	const limit = 1_000_000
	for range limit {
		timer, timed := f.saga.NextTimer()
		switch {
		case len(f.running) > 0 && f.running[0].At <= until && (!timed || f.running[0].At <= timer):
			c := f.running[0]
			f.running = slices.Delete(f.running, 0, 1)
			out = f.take(f.saga.Outcome(c.Step), out)
		case timed && timer < until:
			out = f.take(f.saga.Advance(timer), out)
		default:
			return f.copies(until, f.take(f.saga.Advance(until), out)), nil
		}
	}
	return nil, fmt.Errorf("sagas do not come to rest before %v", until)
}

// take turns effects into records and starts simulated commands.
func (f *fleet) take(effects []saga.Effect, out []stage.Emission) []stage.Emission {
	for _, e := range effects {
		switch {
		case e.Step != nil:
			if f.health != nil {
				f.stamp(e.Step)
			}
			out = append(out, stage.Emission{Topic: stream.Steps, Fleet: f.id, Key: string(e.Step.ID), Partition: stage.ByKey, Event: *e.Step, Trace: f.traces[e.Step.Plan]})
			if e.Step.Phase == model.PhaseIntent && f.simulate != nil {
				f.start(*e.Step)
			}
		case e.Outcome != nil:
			out = append(out, stage.Emission{Topic: stream.Outcomes, Fleet: f.id, Key: outcomeKey(e.Outcome), Partition: stage.ByKey, Event: *e.Outcome,
				Trace: f.traces[e.Outcome.Plan]})
			f.forget(e.Outcome)
		}
	}
	return out
}

// forget drops what is known of moves and plans that have ended.
func (f *fleet) forget(o *model.Outcome) {
	switch {
	case o.Kind == model.OutcomePlan && o.State.Ended():
		delete(f.plans, o.Plan)
		delete(f.traces, o.Plan)
		for key := range f.health {
			if plan, _, _, _, _, err := key.Parse(); err == nil && plan == o.Plan {
				delete(f.health, key)
			}
		}
	case o.Kind == model.OutcomeMove:
		delete(f.health, healthKey(o.Plan, o.MoveIndex))
	}
}

func outcomeKey(o *model.Outcome) string {
	return fmt.Sprintf("%s/%d/%s", o.Plan, o.MoveIndex, o.Kind)
}

// start asks the simulation what will become of a command.
func (f *fleet) start(intent model.Step) {
	var move model.Move
	for _, m := range f.plans[intent.Plan].Moves {
		if m.Index == intent.MoveIndex {
			move = m
		}
	}
	took, failure := f.simulate(intent, move)
	done := intent
	done.Phase, done.Reason = model.PhaseDone, failure
	if failure != "" {
		done.Phase = model.PhaseFailed
	}
	done.At = intent.At.Add(took)
	c := completion{At: done.At, Began: intent.At, Step: done}
	i, _ := slices.BinarySearchFunc(f.running, c, compareCompletions)
	f.running = slices.Insert(f.running, i, c)
}

// copies publishes how far simulated copies have come by an instant: they are
// even from their beginning to their end.
func (f *fleet) copies(now model.Instant, out []stage.Emission) []stage.Emission {
	copying := map[model.PlanID]map[int]model.Progress{}
	for i := range f.running {
		c := &f.running[i]
		plan, move, ok := f.saga.Command(c.Step)
		if c.Step.Kind != model.StepReplicate || !ok || move.DataBytes <= 0 || now <= c.Began {
			continue
		}
		p := model.Progress{TotalBytes: move.DataBytes, DoneBytes: int64(float64(move.DataBytes) * float64(now-c.Began) / float64(c.At-c.Began))}
		p.BytesPerSecond = int64(float64(move.DataBytes) / c.At.Sub(c.Began).Seconds())
		p.TimeLeft = c.At.Sub(now)
		if copying[plan.ID] == nil {
			copying[plan.ID] = map[int]model.Progress{}
		}
		copying[plan.ID][move.Index] = p
		out = f.tell(&c.Step, &move, now, p, out)
	}
	for _, id := range slices.Sorted(maps.Keys(copying)) {
		whole := f.planProgress(id, func(index int) (model.Progress, bool) { p, ok := copying[id][index]; return p, ok })
		out = f.tellPlan(id, now, whole, out)
	}
	return out
}
