package saga

import (
	"sort"
	"strconv"

	"drover/internal/model"
)

func quote(s string) string { return strconv.Quote(s) }

func sortStrings[T ~string](list []T) {
	sort.Slice(list, func(i, j int) bool { return list[i] < list[j] })
}

// name returns how messages call the move.
func (m *moveRun) name(p *planRun) string {
	if s := p.spec(m); s != nil {
		return strconv.Itoa(m.index) + " of replica " + string(s.Replica)
	}
	return "of the update"
}

// order says in words what a person has to do in place of a command.
func order(kind model.StepKind, m model.Move) string {
	replica, from, to := string(m.Replica), string(m.From), string(m.To)
	switch kind {
	case model.StepReleaseAdmission:
		return "release the room held for " + replica + " on server " + to
	case model.StepDeprovision:
		return "remove the target of " + replica + " from server " + to
	case model.StepDiscardReplica:
		return "discard the copied data of " + replica + " on server " + to
	case model.StepStopCatchUp:
		return "stop replicating " + replica + " from server " + from + " to " + to
	case model.StepReverseCutOver:
		return "make server " + from + " serve " + replica + " alone, with every write that " + to + " has taken"
	case model.StepWatch:
		return "judge whether " + replica + " is healthy on server " + to
	case model.StepRetire:
		return "retire " + replica + " on server " + from
	}
	return string(kind) + " of " + replica + " from server " + from + " to " + to
}

// leftToUndo lists the compensations that a parked move still needs, in order.
func leftToUndo(p *planRun, m *moveRun) []string {
	s := p.spec(m).Directed(m.command)
	var left []string
	for i := undoFrom(m.at); i != notReached; i = undoFrom(i - 1) {
		left = append(left, order(undo[i], s))
	}
	if m.leg == model.LegReverse {
		left = append(left, "move replica "+string(s.Replica)+" back from server "+string(s.From)+" to "+string(s.To))
	}
	return left
}

// leftToFinish lists the steps that a parked move still needs, in order.
func leftToFinish(p *planRun, m *moveRun) []string {
	s := p.spec(m).Directed(m.command)
	var left []string
	for _, kind := range forward[m.at:] {
		left = append(left, order(kind, s))
	}
	return left
}
