package replay

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"

	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/stream"
)

// Run holds what a run has decided and done, tick by tick.
type Run struct {
	// decided is, by fleet and tick, the evaluation and the plans that stand.
	decided map[decisionKey]*decision
	ends    map[model.PlanID]model.PlanState
	// inputs are what fleets sent: a hash of each record's content, by its identity.
	inputs map[uint64]uint64
}

type decisionKey struct {
	fleet model.FleetID
	tick  model.Instant
}

type decision struct {
	evaluation model.Evaluation
	plans      []model.Plan
}

// NewRun returns a run of which nothing is known.
func NewRun() *Run {
	return &Run{decided: map[decisionKey]*decision{}, ends: map[model.PlanID]model.PlanState{}, inputs: map[uint64]uint64{}}
}

// Compared lists the topics that Add takes records of.
func Compared() []string {
	return append(ingest.Fed(), stream.Scenarios, stream.Plans, stream.Outcomes)
}

// Add takes a record of a run.
func (r *Run) Add(e stream.Entry) {
	switch v := e.Event.(type) {
	case model.Evaluation:
		r.at(v.Fleet, v.Tick).evaluation = v
	case model.Plan:
		if d := r.at(v.Fleet, v.Tick); !slices.ContainsFunc(d.plans, func(p model.Plan) bool { return p.ID == v.ID && p.State == v.State }) {
			d.plans = append(d.plans, v)
		}
	case model.Outcome:
		if v.Kind == model.OutcomePlan && v.State.Ended() {
			r.ends[v.Plan] = v.State
		}
	case model.Marker, nil:
	default:
		r.inputs[identityOf(e)] = contentOf(e.Event)
	}
}

func (r *Run) at(fleet model.FleetID, tick model.Instant) *decision {
	k := decisionKey{fleet, tick}
	if r.decided[k] == nil {
		r.decided[k] = &decision{}
	}
	return r.decided[k]
}

// InputDiffers tells whether another run has this input otherwise, or not at all.
func (r *Run) InputDiffers(e stream.Entry) bool {
	switch e.Event.(type) {
	case model.Evaluation, model.Plan, model.Outcome, model.Marker, model.Heartbeat, nil:
		return false
	}
	there, ok := r.inputs[identityOf(e)]
	return !ok || there != contentOf(e.Event)
}

// identityOf names a record by topic, fleet, key and event time.
func identityOf(e stream.Entry) uint64 {
	return hashOf(fmt.Sprintf("%s|%d|%s|%s|%d", e.Topic, e.Partition, e.Fleet, e.Key, EventTime(e.Event)))
}

func contentOf(event any) uint64 { return hashOf(fmt.Sprintf("%+v", event)) }

func hashOf(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// EventTime returns when an event happened; 0 where it doesn't say.
func EventTime(event any) model.Instant {
	v := reflect.ValueOf(event)
	if v.Kind() != reflect.Struct {
		return 0
	}
	for _, name := range []string{"At", "Tick"} {
		if f := v.FieldByName(name); f.IsValid() && f.Type() == reflect.TypeFor[model.Instant]() {
			return model.Instant(f.Int())
		}
	}
	return 0
}

// Difference is one decision on which two runs differ.
type Difference struct {
	Fleet model.FleetID `json:"fleet"`
	Tick  model.Instant `json:"tick"`
	What  string        `json:"what"`
	A     string        `json:"a"`
	B     string        `json:"b"`
}

// Compare returns the decisions on which two runs differ, by tick and fleet, and
// on how many both have decided.
func Compare(a, b *Run) (out []Difference, both int) {
	keys := map[decisionKey]bool{}
	for k := range a.decided {
		keys[k] = true
	}
	for k := range b.decided {
		keys[k] = true
	}
	for k := range keys {
		x, y := a.decided[k], b.decided[k]
		add := func(what, in, other string) {
			if in != other {
				out = append(out, Difference{k.fleet, k.tick, what, in, other})
			}
		}
		if x == nil || y == nil {
			add("decided", yesNo(x != nil), yesNo(y != nil))
			continue
		}
		both++
		compareEvaluations(&x.evaluation, &y.evaluation, add)
		comparePlans(x.plans, y.plans, add)
		for _, p := range x.plans {
			add("end of plan "+string(p.ID), string(a.ends[p.ID]), string(b.ends[p.ID]))
		}
	}
	slices.SortFunc(out, func(p, q Difference) int {
		if p.Tick != q.Tick {
			return int(min(max(p.Tick-q.Tick, -1), 1))
		}
		if c := strings.Compare(string(p.Fleet), string(q.Fleet)); c != 0 {
			return c
		}
		return strings.Compare(p.What, q.What)
	})
	return out, both
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func compareEvaluations(x, y *model.Evaluation, add func(what, a, b string)) {
	add("decision", x.Decision, y.Decision)
	add("reason", x.Reason, y.Reason)
	add("plan", string(x.PlanID), string(y.PlanID))
	add("code", x.Code, y.Code)
	add("scenarios", text(x.Scenarios), text(y.Scenarios))
}

func comparePlans(x, y []model.Plan, add func(what, a, b string)) {
	moves := func(plans []model.Plan) string {
		var b strings.Builder
		for _, p := range plans {
			for _, m := range p.Moves {
				fmt.Fprintf(&b, "%s %s -> %s, ", m.Replica, m.From, m.To)
			}
		}
		return strings.TrimSuffix(b.String(), ", ")
	}
	add("moves", moves(x), moves(y))
	whole := func(plans []model.Plan) string {
		kept := slices.Clone(plans)
		for i := range kept {
			kept[i].Inputs, kept[i].Code = nil, ""
		}
		return text(kept)
	}
	if moves(x) == moves(y) {
		add("plan's details", whole(x), whole(y))
	}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%+v", v)
	}
	return string(b)
}
