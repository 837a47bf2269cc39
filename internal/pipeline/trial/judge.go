package trial

import (
	"time"

	"drover/internal/model"
	"drover/internal/simfleet"
)

const (
	minute = time.Minute // how finely the judge looks
	day    = 24 * time.Hour
)

// judge follows the true state of a fleet minute by minute.
type judge struct {
	fleet   *simfleet.Fleet
	spec    *simfleet.Spec
	laws    *laws
	at      model.Instant
	servers map[model.ServerID]int
	apps    map[model.ApplicationID]int
	place   [][]int // per application and replica, the server
	copies  map[model.ReplicaID][2]int
	plans   map[model.PlanID]*planFacts
	events  []event // that have not been played, by time
	hours   []Hour
	count   counts
	byApp   []int64 // violated minutes
	down    [][]window
	moved   map[model.ApplicationID]moveFact
	since   map[model.ReplicaID]model.Instant // of its last move
	load    []float64                         // scratch: millicores of a server
	carries []int                             // scratch: replicas and copies on a server
}

// window is when a server is away.
type window struct{ from, to model.Instant }

// event is a change of the truth: a copy begins or a replica stands elsewhere.
type event struct {
	at      model.Instant
	replica model.ReplicaID
	from    model.ServerID
	to      model.ServerID
	begin   bool
	plan    model.PlanID
	index   int
	ok      bool
}

// planFacts is what the judge keeps of a plan.
type planFacts struct {
	moves map[int]model.Move
}

// moveFact is the last move of an application.
type moveFact struct {
	at   model.Instant
	plan model.PlanID
}

func newJudge(fleet *simfleet.Fleet) *judge {
	spec := fleet.Spec()
	j := &judge{fleet: fleet, spec: spec, laws: newLaws(), at: spec.Start, servers: map[model.ServerID]int{},
		apps: map[model.ApplicationID]int{}, copies: map[model.ReplicaID][2]int{}, plans: map[model.PlanID]*planFacts{},
		byApp: make([]int64, len(spec.Applications)), down: make([][]window, len(spec.Servers)),
		moved: map[model.ApplicationID]moveFact{}, since: map[model.ReplicaID]model.Instant{}, load: make([]float64, len(spec.Servers)), carries: make([]int, len(spec.Servers))}
	for i, s := range spec.Servers {
		j.servers[s.ID] = i
	}
	for i, a := range spec.Applications {
		j.apps[a.ID] = i
		var on []int
		for _, s := range a.Placement {
			on = append(on, j.servers[s])
		}
		j.place = append(j.place, on)
	}
	for _, m := range spec.Maintenance {
		begin := spec.Start.Add(m.Begin)
		s := j.servers[m.Server]
		j.down[s] = append(j.down[s], window{begin, begin.Add(m.Length)})
	}
	return j
}

// observe takes a record of what was decided and done.
func (j *judge) observe(record any) {
	switch e := record.(type) {
	case model.Plan:
		if e.Again() {
			return
		}
		facts := &planFacts{moves: map[int]model.Move{}}
		for _, m := range e.Moves {
			facts.moves[m.Index] = m
		}
		j.plans[e.ID] = facts
		j.count.plans++
	case model.Step:
		if e.Kind == model.StepReplicate && e.Phase == model.PhaseIntent && j.plans[e.Plan] != nil {
			m := j.plans[e.Plan].moves[e.MoveIndex].Directed(e)
			j.events = append(j.events, event{at: e.At, replica: m.Replica, from: m.From, to: m.To, begin: true})
		}
	case model.Outcome:
		if e.Kind == model.OutcomeMove && e.Replica != "" {
			j.events = append(j.events, event{at: e.At, replica: e.Replica, to: e.Server, plan: e.Plan, index: e.MoveIndex, ok: e.OK})
		}
		if e.Kind == model.OutcomePlan && e.State.Ended() && e.State != model.PlanSucceeded {
			j.count.unfinished++
		}
	case model.Evaluation:
		j.count.decisions++
	}
}

// advance judges every minute up to a time.
func (j *judge) advance(to model.Instant) {
	for j.at < to {
		next := j.at.Add(minute)
		kept := j.events[:0]
		for _, e := range j.events {
			if e.at <= next {
				j.apply(e)
			} else {
				kept = append(kept, e)
			}
		}
		j.events = kept
		j.minute(j.at.Add(minute / 2))
		j.at = next
	}
}

// apply changes the truth.
func (j *judge) apply(e event) {
	app, index, err := e.replica.Split()
	a, known := j.apps[app]
	if err != nil || !known || index >= len(j.place[a]) {
		return
	}
	if e.begin {
		from, okFrom := j.servers[e.from]
		to, okTo := j.servers[e.to]
		if okFrom && okTo {
			j.copies[e.replica] = [2]int{from, to}
		}
		return
	}
	delete(j.copies, e.replica)
	if s, ok := j.servers[e.to]; ok && s != j.place[a][index] {
		j.place[a][index] = s
		j.note(app, e)
	}
}

// note counts a move, and whether the application had moved by another plan
// within the hour without the move's reason saying so.
func (j *judge) note(app model.ApplicationID, e event) {
	j.count.moves++
	last, again := j.moved[app]
	if again && last.plan != e.plan && e.at.Sub(last.at) < time.Hour {
		j.count.again++
		if facts := j.plans[e.plan]; facts == nil || !statesRepeat(facts.moves[e.index].Reason) {
			j.count.againUnsaid++
		}
	}
	j.moved[app] = moveFact{at: e.at, plan: e.plan}
	if at, ok := j.since[e.replica]; ok && e.at.Sub(at) < time.Hour {
		j.count.replicaAgain++
	}
	j.since[e.replica] = e.at
}
