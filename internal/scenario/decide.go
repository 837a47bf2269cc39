package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"drover/internal/model"
	"drover/internal/scenario/phasing"
	"drover/internal/scenario/queueing"
)

// The decisions of an evaluation.
const (
	DecisionPlan = "plan" // a plan is proposed
	DecisionHold = "hold" // nothing may be decided now
	DecisionNone = "none" // nothing needs to be done, or nothing helps
)

// Decide takes one planning decision. It returns the record of the decision
// and, where something is to be done, the plan. Without a plan the record's
// Decision is DecisionHold or DecisionNone and its Reason says why.
func Decide(v View, cfg Config, solve Solve) (model.Evaluation, *model.Plan) {
	cfg = cfg.WithDefaults()
	ev := model.Evaluation{Fleet: v.Fleet, Tick: v.Tick, Inputs: v.Inputs, Code: cfg.Code}
	if err := cfg.Validate(); err != nil {
		return hold(ev, "the policy is not valid: "+err.Error())
	}
	cfg.Shapes = cmp.Or(cfg.Shapes, &queueing.Shapes{}) // stages need the same
	f := newFleet(v, cfg)
	ev.Updates = f.updates
	if why := f.freshness(); why != "" {
		return hold(ev, join(why, f.notes))
	}
	f.hysteresis()
	futures := f.generate()
	if ev, done := f.brief(ev, futures); done {
		return ev, nil
	}
	futures, ev.Dropped = f.reduce(futures)
	ev.Dropped = append(ev.Dropped, f.waitingMaintenance()...)
	status := f.statusQuo(futures)
	found, err := f.improve(status, solve)
	if err != nil {
		ev.Scenarios = f.results(status, status)
		return hold(ev, err.Error())
	}
	u := turn{f, found}
	if p := u.prefix(solve); p != nil {
		return u.serve(p, solve)
	}
	ev, plan := f.conclude(ev, found)
	if ev.Decision != DecisionHold {
		ev.Stages = u.stages(solve)
	}
	return ev, plan
}

// conclude turns what the search came to into the record and the plan.
func (f *fleet) conclude(ev model.Evaluation, found improvement) (model.Evaluation, *model.Plan) {
	f.stuck(found)
	if due := f.dueUpdate(found.status); due >= 0 && (len(found.schedule.Steps) == 0 || found.status.total.broken == 0) {
		// Moves that only save money wait for the next tick.
		plan := f.updatePlan(due)
		ev.Scenarios = f.results(found.status, found.status)
		ev.Decision, ev.PlanID, ev.Reason = DecisionPlan, plan.ID, plan.Reason
		return ev, plan
	}
	plan := f.planOf(found.status, found.reached, found.schedule, found.replicas)
	ev.Scenarios = f.results(found.status, found.reached)
	short := f.shortfall(found.reached, found.answer)
	if len(plan.Moves) == 0 {
		ev.Decision, ev.Reason = DecisionNone, join(found.why, append(f.notes, short...))
		return ev, nil
	}
	if old := f.proposed(); old != nil {
		if sameMoves(old, plan) {
			return hold(ev, fmt.Sprintf("plan %s proposes the same and waits", old.ID))
		}
		plan.Supersedes = old.ID
	}
	f.sumUp(plan, ev.Scenarios, short)
	ev.Decision, ev.PlanID, ev.Reason = DecisionPlan, plan.ID, plan.Reason
	return ev, plan
}

// statusQuo is the present placement in some futures. Response times that are
// found broken count in its score.
func (f *fleet) statusQuo(futures []Future) *state {
	status := newState(f, f.worlds(futures), f.start)
	if f.responses != nil && f.guard(status.brokenResponses()) {
		status = status.again()
	}
	return status
}

// brief looks at the futures that must be met alone. It is done where a plan is
// under way, or where all of them hold and it is not yet time to look for a
// cheaper placement (Config.CostEvery).
func (f *fleet) brief(ev model.Evaluation, futures []Future) (model.Evaluation, bool) {
	if !slices.ContainsFunc(f.view.InFlight, underWay) && !f.betweenLooks() {
		return ev, false
	}
	status := f.statusQuo(slices.DeleteFunc(slices.Clone(futures), func(future Future) bool { return !future.Required }))
	status.brief = true
	if why := f.inFlight(status); why != "" {
		ev.Scenarios = f.results(status, status)
		ev, _ = hold(ev, join(why, f.notes))
		return ev, true
	}
	if status.total.broken > 0 || f.dueUpdate(status) >= 0 {
		return ev, false
	}
	ev.Scenarios = f.results(status, status)
	ev.Decision = DecisionNone
	ev.Reason = join(fmt.Sprintf("every promise that must hold holds; a cheaper placement is looked for next at %v",
		f.view.Tick.Floor(f.cfg.CostEvery).Add(f.cfg.CostEvery)), f.notes)
	return ev, true
}

// betweenLooks tells whether the tick is none at which money is looked at.
func (f *fleet) betweenLooks() bool {
	every := f.cfg.CostEvery
	return every > 0 && f.view.Tick.Floor(every) <= f.view.Tick.Add(-f.view.Interval)
}

// underWay tells whether a plan moves replicas now. While a server is handed over
// to its update the others are looked after all the same.
func underWay(p model.Plan) bool {
	return !p.State.Ended() && p.State != model.PlanProposed && (len(p.Moves) > 0 || p.UpdateServer == "")
}

// improvement is what the search came to: the placement after the moves that
// can be made, the present one where none is worth it (why says so).
type improvement struct {
	status, reached *state
	schedule        phasing.Schedule
	replicas        []int // of the schedule's moves
	answer          model.Answer
	why             string
	railed          bool // guard rails have left moves for later
}

// improve searches for a better placement, keeps the moves that are worth it
// and phases them. The status comes back priced by all that was found to count.
func (f *fleet) improve(status *state, solve Solve) (improvement, error) {
	priced := slices.Clone(f.guarded)
	target, answer, err := f.search(status, solve)
	if err != nil {
		return improvement{}, err
	}
	if !slices.Equal(priced, f.guarded) {
		status = status.again()
	}
	chosen, notes := f.selectMoves(status, target)
	f.notes = append(f.notes, notes...)
	out := improvement{status: status, answer: answer, railed: len(notes) > 0}
	out.schedule, out.replicas, out.reached, notes = f.schedule(status, chosen)
	f.notes = append(f.notes, notes...)
	if f.responses != nil && len(out.reached.moved()) > 0 && f.guard(out.reached.brokenResponses()) {
		out.status, out.reached = status.again(), out.reached.again()
	}
	worth := false
	if worth, out.why = f.worthIt(out.status, out.reached); !worth {
		out.reached, out.schedule = out.status, phasing.Schedule{}
	}
	return out, nil
}

func hold(ev model.Evaluation, why string) (model.Evaluation, *model.Plan) {
	ev.Decision, ev.Reason = DecisionHold, why
	return ev, nil
}

// join puts a reason and its notes into one sentence.
func join(why string, notes []string) string {
	parts := make([]string, 0, len(notes)+1)
	if why != "" {
		parts = append(parts, why)
	}
	return strings.Join(append(parts, notes...), "; ")
}

// sumUp fills in what the plan is expected to do, and says it in a sentence.
func (f *fleet) sumUp(p *model.Plan, rows []model.ScenarioResult, short []string) {
	for _, r := range rows[1:] { // the first one is the status quo
		p.ViolationsBefore += r.ViolationsBefore
		p.ViolationsAfter += r.ViolationsAfter
		p.CostBefore += int64(float64(r.CostBefore) * r.Weight)
		p.CostAfter += int64(float64(r.CostAfter) * r.Weight)
	}
	text := fmt.Sprintf("%s in %s: broken promises %d -> %d, cost %s -> %s over %s, confidence %s",
		counted(len(p.Moves), "move"), counted(p.Waves, "wave"), p.ViolationsBefore, p.ViolationsAfter, money(p.CostBefore), money(p.CostAfter),
		span(f.horizonEnd().Sub(f.view.Tick)), percent(p.ConfidencePPM))
	if p.ViolationsAfter > p.ViolationsBefore { // see worthIt
		text += "; more are broken only in futures that need not be met"
	}
	if p.Deadline != 0 {
		text += fmt.Sprintf("; ready by %v", p.Deadline)
	}
	if p.NeedsApproval && !f.cfg.Approval {
		text += fmt.Sprintf("; needs approval: only %s of the forecasts are trusted", percent(f.trustedPPM()))
	}
	p.Reason = join(text, append(f.notes, short...))
}

// inFlight tells whether a plan on its way stands against a new decision.
func (f *fleet) inFlight(status *state) string {
	for i := range f.view.InFlight {
		p := &f.view.InFlight[i]
		if !underWay(*p) {
			continue
		}
		verdict := f.recheck(status, p)
		if p.ServesUntil != 0 {
			verdict = Recheck(f.view, f.cfg, *p)
		}
		switch {
		case verdict.Wrong:
			return fmt.Sprintf("plan %s has become wrong and should stop: %s", p.ID, verdict.Reason)
		case len(verdict.Drop) > 0:
			return fmt.Sprintf("plan %s is amended: %s", p.ID, verdict.Reason)
		}
		return fmt.Sprintf("plan %s is %s and still right", p.ID, p.State)
	}
	return ""
}

// proposed returns the plan of moves that waits for a decision, if one does.
func (f *fleet) proposed() *model.Plan {
	for i := range f.view.InFlight {
		if p := &f.view.InFlight[i]; p.State == model.PlanProposed && p.UpdateServer == "" {
			return p
		}
	}
	return nil
}

func sameMoves(a, b *model.Plan) bool {
	if len(a.Moves) != len(b.Moves) {
		return false
	}
	to := map[model.ReplicaID]model.ServerID{}
	for _, m := range a.Moves {
		to[m.Replica] = m.To
	}
	for _, m := range b.Moves {
		if to[m.Replica] != m.To {
			return false
		}
	}
	return true
}

// waitingMaintenance names announced windows that are not acted on yet; updates
// have their own part of the record.
func (f *fleet) waitingMaintenance() []string {
	var out []string
	for _, m := range sortedMaintenance(f.view.Maintenance) {
		start, end := f.window(m)
		if s, ok := f.serverAt[m.Server]; ok && !m.Cancelled && m.Hook == "" && end > f.view.Tick && !f.closed(s) {
			out = append(out, fmt.Sprintf("maintenance %s of %s: %s is emptied from %v on", m.ID, m.Server, m.Server, start.Add(-f.cfg.DrainLead)))
		}
	}
	return out
}
