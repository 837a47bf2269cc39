package saga

import (
	"fmt"
	"math"

	"drover/internal/model"
)

// allWaves is planRun.approved where every wave may run.
const allWaves = math.MaxInt32

// planMode says what a plan is heading for.
type planMode uint8

// The modes of a plan.
const (
	modeForward planMode = iota // towards all moves made
	modeHalt                    // nothing new starts, what runs is finished
	modeUndo                    // everything is taken back
)

// planRun is one plan under way.
type planRun struct {
	plan     model.Plan
	state    model.PlanState
	mode     planMode
	approved int // so many waves may run
	paused   bool
	killed   bool
	// haltAs is the state that a halted plan ends in unless it is complete.
	haltAs model.PlanState
	reason string
	moves  []moveRun
	update moveRun // the server's update; used where plan.UpdateServer is set

	applications []model.ApplicationID // sorted, no repeats
	every        []*moveRun            // moves, then update where there is one
}

// newPlanRun returns the plan before anything is done.
func newPlanRun(plan model.Plan) *planRun {
	p := &planRun{plan: plan, moves: make([]moveRun, len(plan.Moves))}
	for i := range p.moves {
		p.moves[i] = moveRun{index: i, reached: notReached}
	}
	p.update = moveRun{index: model.PlanMove, reached: notReached}
	p.link()
	return p
}

// link fills what is derived from the plan.
func (p *planRun) link() {
	p.applications = applicationsOf(p.plan.Moves)
	p.every = make([]*moveRun, 0, len(p.moves)+1)
	for i := range p.moves {
		p.every = append(p.every, &p.moves[i])
	}
	if p.plan.UpdateServer != "" {
		p.every = append(p.every, &p.update)
	}
}

// all returns the moves and the update step.
func (p *planRun) all() []*moveRun { return p.every }

// move returns the run of a move, or of the update for model.PlanMove; nil where
// the plan has none such.
func (p *planRun) move(index int) *moveRun {
	switch {
	case index == model.PlanMove && p.plan.UpdateServer != "":
		return &p.update
	case index >= 0 && index < len(p.moves):
		return &p.moves[index]
	}
	return nil
}

// spec returns what the plan says about a move; nil for the update.
func (p *planRun) spec(m *moveRun) *model.Move {
	if m.index < 0 {
		return nil
	}
	return &p.plan.Moves[m.index]
}

// started tells whether any command of the plan has been given.
func (p *planRun) started() bool {
	for _, m := range p.every {
		if m.sequence > 0 {
			return true
		}
	}
	return false
}

// invalid returns why a plan can't be run, or "".
func invalid(plan *model.Plan, fleet model.FleetID) string {
	if plan.ID == "" {
		return "the plan has no identity"
	}
	if plan.Fleet != fleet {
		return fmt.Sprintf("the plan is for fleet %q, not %q", plan.Fleet, fleet)
	}
	replicas := make(map[model.ReplicaID]int, len(plan.Moves))
	for i := range plan.Moves {
		m := &plan.Moves[i]
		if m.Index != i {
			return fmt.Sprintf("move at place %d has index %d", i, m.Index)
		}
		if m.From == m.To || m.From == "" || m.To == "" {
			return fmt.Sprintf("move %d goes from server %q to %q", i, m.From, m.To)
		}
		if other, ok := replicas[m.Replica]; ok {
			return fmt.Sprintf("moves %d and %d both take replica %q", other, i, m.Replica)
		}
		replicas[m.Replica] = i
		for _, a := range m.After {
			if a < 0 || a >= len(plan.Moves) || plan.Moves[a].Wave > m.Wave {
				return fmt.Sprintf("move %d can't come after move %d", i, a)
			}
		}
	}
	if i, ok := cycle(plan.Moves); ok {
		return fmt.Sprintf("move %d comes after itself", i)
	}
	return ""
}

// cycle returns a move that can never start because its After leads back to it.
func cycle(moves []model.Move) (int, bool) {
	const open, closed = 1, 2
	mark := make([]uint8, len(moves))
	var visit func(i int) bool
	visit = func(i int) bool {
		mark[i] = open
		for _, a := range moves[i].After {
			if mark[a] == open || mark[a] == 0 && visit(a) {
				return true
			}
		}
		mark[i] = closed
		return false
	}
	for i := range moves {
		if mark[i] == 0 && visit(i) {
			return i, true
		}
	}
	return 0, false
}

// applicationsOf returns the applications that the moves touch, sorted.
func applicationsOf(moves []model.Move) []model.ApplicationID {
	seen := make(map[model.ApplicationID]bool, len(moves))
	var list []model.ApplicationID
	for i := range moves {
		if a := moves[i].Application; !seen[a] {
			seen[a] = true
			list = append(list, a)
		}
	}
	sortStrings(list)
	return list
}
