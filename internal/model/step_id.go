package model

import (
	"fmt"
	"strconv"
	"strings"
)

// PlanMove is the MoveIndex of steps and outcomes that belong to the whole plan
// (a server's update) and not to one of its moves.
const PlanMove = -1

// Leg says which way a move's command goes: there, or the later move back.
type Leg uint8

// The legs of a move.
const (
	// LegForward takes the replica from Move.From to Move.To, and undoes that
	// while the source is still there.
	LegForward Leg = iota
	// LegReverse is a second whole migration, back from Move.To to Move.From,
	// after the source had been retired.
	LegReverse
)

// NewStepID returns the identity of a command. sequence counts the commands of
// one move from 1 without gaps, whatever their kind: a target that has taken a
// command refuses those of the same move with a lower sequence.
//
// The text is "plan/move/leg/sequence/kind", for example "p-0a1b/3/f/2/provision".
func NewStepID(plan PlanID, move int, leg Leg, sequence int, kind StepKind) StepID {
	way := "f"
	if leg == LegReverse {
		way = "r"
	}
	return StepID(string(plan) + "/" + strconv.Itoa(move) + "/" + way + "/" + strconv.Itoa(sequence) + "/" + string(kind))
}

// Parse returns the parts of a step's identity.
func (id StepID) Parse() (plan PlanID, move int, leg Leg, sequence int, kind StepKind, err error) {
	parts := strings.Split(string(id), "/")
	if len(parts) < 5 {
		return "", 0, 0, 0, "", fmt.Errorf("step %q: want plan/move/leg/sequence/kind", string(id))
	}
	n := len(parts)
	plan = PlanID(strings.Join(parts[:n-4], "/"))
	move, err = strconv.Atoi(parts[n-4])
	if err != nil || move < PlanMove {
		return "", 0, 0, 0, "", fmt.Errorf("step %q: move %q must be a whole number from -1", string(id), parts[n-4])
	}
	switch parts[n-3] {
	case "f":
	case "r":
		leg = LegReverse
	default:
		return "", 0, 0, 0, "", fmt.Errorf("step %q: leg %q must be f or r", string(id), parts[n-3])
	}
	sequence, err = strconv.Atoi(parts[n-2])
	if err != nil || sequence < 1 {
		return "", 0, 0, 0, "", fmt.Errorf("step %q: sequence %q must be a whole number from 1", string(id), parts[n-2])
	}
	return plan, move, leg, sequence, StepKind(parts[n-1]), nil
}

// Leg returns the leg that the step belongs to (forward where the identity has
// another form).
func (s Step) Leg() Leg {
	_, _, leg, _, _, _ := s.ID.Parse()
	return leg
}

// Sequence returns the step's place among its move's commands, from 1; 0 where
// the identity has another form.
func (s Step) Sequence() int {
	_, _, _, sequence, _, _ := s.ID.Parse()
	return sequence
}

// Directed returns the move as the step's command sees it: on the reverse leg
// From and To are swapped.
func (m Move) Directed(s Step) Move {
	if s.Leg() == LegReverse {
		m.From, m.To = m.To, m.From
	}
	return m
}
