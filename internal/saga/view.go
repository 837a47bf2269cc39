package saga

import (
	"time"

	"drover/internal/model"
)

// MoveView is what there is to show of a move.
type MoveView struct {
	Move    model.Move
	Phase   string // waiting, running, undoing, moved, restored, skipped, parked
	Reverse bool   // on its way back
	// Step is the command under way, or the next one.
	Step    model.StepKind
	Attempt int
	Waiting bool // for its time, a limit or an order: no command is under way
	Server  model.ServerID
	Reason  string
	Left    []string
}

// PlanView is what there is to show of a plan under way.
type PlanView struct {
	Plan   model.PlanID
	State  model.PlanState
	Paused bool
	Killed bool
	Reason string
	Moves  []MoveView
	// Moved counts moves made, MovedBytes their data; Bytes is the data of all.
	Moved             int
	MovedBytes, Bytes int64
	// TimeLeft is the expected time of what hasn't been moved, wave by wave, as
	// the plan estimates it.
	TimeLeft time.Duration
}

// phaseNames holds the words for the phases of a move.
var phaseNames = [...]string{
	moveWaiting: "waiting", moveRunning: "running", moveUndoing: "undoing", moveMoved: "moved",
	moveRestored: "restored", moveSkipped: "skipped", moveParked: "parked",
}

// Plans returns a view of every plan that hasn't ended, oldest first.
func (f *Fleet) Plans() []PlanView {
	views := make([]PlanView, 0, len(f.plans))
	for _, p := range f.plans {
		views = append(views, f.view(p))
	}
	return views
}

// Plan returns a view of one plan; ok is false where it isn't under way.
func (f *Fleet) Plan(id model.PlanID) (v PlanView, ok bool) {
	if p := f.find(id); p != nil {
		return f.view(p), true
	}
	return PlanView{}, false
}

// Command returns what a step's command is about: its plan, and its move with
// From and To as the command sees them (zero for the plan's update). ok is false
// where the plan isn't under way.
func (f *Fleet) Command(step model.Step) (plan model.Plan, move model.Move, ok bool) {
	p := f.find(step.Plan)
	if p == nil {
		return model.Plan{}, model.Move{}, false
	}
	m := p.move(step.MoveIndex)
	if m == nil {
		return model.Plan{}, model.Move{}, false
	}
	if s := p.spec(m); s != nil {
		move = s.Directed(step)
	}
	return p.plan, move, true
}

func (f *Fleet) view(p *planRun) PlanView {
	v := PlanView{
		Plan: p.plan.ID, State: p.state, Reason: p.reason,
		Paused: p.paused || f.paused, Killed: p.killed || f.killed,
	}
	waves := make(map[int]time.Duration)
	for i := range p.moves {
		m, s := &p.moves[i], &p.plan.Moves[i]
		mv := MoveView{
			Move: *s, Phase: phaseNames[m.phase], Reverse: m.leg == model.LegReverse, Attempt: m.attempt,
			Waiting: m.phase == moveWaiting || m.active() && !m.issued, Server: serving(s, m), Reason: m.reason, Left: m.left,
		}
		if m.active() || m.phase == moveWaiting {
			mv.Step = m.kind()
			waves[s.Wave] = max(waves[s.Wave], s.ExpectDuration)
		}
		v.Bytes += s.DataBytes
		if m.phase == moveMoved {
			v.Moved++
			v.MovedBytes += s.DataBytes
		}
		v.Moves = append(v.Moves, mv)
	}
	for _, d := range waves {
		v.TimeLeft += d
	}
	return v
}
