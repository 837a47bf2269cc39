package saga

import (
	"time"

	"drover/internal/model"
)

// Limits bound the moves that are between their first and last command at one
// time, over all plans of a fleet. Zero means no limit.
type Limits struct {
	PerFleet       int
	PerServer      int // moves from or to one server
	PerLink        int // moves between one pair of servers, either way
	PerApplication int // moves of one application
	// BytesPerSecond bounds the copy of each move.
	BytesPerSecond int64
}

// Config is what a fleet's sagas go by. All durations are of event time.
type Config struct {
	Limits Limits
	// Attempts is how often a forward step is tried before it has failed for good.
	Attempts int
	// CutOverAttempts is the same for the cut-over, whose tries clients feel.
	CutOverAttempts int
	// UndoAttempts is how often a compensation is tried before the move is parked.
	UndoAttempts int
	// BackOff is the wait before the second try; it doubles each time, up to
	// BackOffMax.
	BackOff, BackOffMax time.Duration
	// Deadlines say how long the command of a kind may take; kinds left out have
	// DefaultDeadline. A copy that is expected to take longer gets four times its
	// expectation.
	Deadlines       map[model.StepKind]time.Duration
	DefaultDeadline time.Duration
	// Grace is added to a deadline before the core gives a command up on its own,
	// so that the performer, who knows the reason, can report first.
	Grace time.Duration
	// Watch is how long a move is watched after its cut-over.
	Watch time.Duration
	// Windows are when moves may begin; none: always. What has begun goes on.
	Windows []Window
}

// DefaultConfig returns the limits and times used where nothing else is set.
func DefaultConfig() Config {
	return Config{
		Limits:          Limits{PerFleet: 64, PerServer: 2, PerLink: 2, PerApplication: 1},
		Attempts:        3,
		CutOverAttempts: 2,
		UndoAttempts:    6,
		BackOff:         5 * time.Second,
		BackOffMax:      5 * time.Minute,
		Deadlines: map[model.StepKind]time.Duration{
			model.StepAdmit:     30 * time.Second,
			model.StepReplicate: 30 * time.Minute,
			model.StepCatchUp:   10 * time.Minute,
			model.StepUpdate:    30 * time.Minute,
		},
		DefaultDeadline: 2 * time.Minute,
		Grace:           5 * time.Second,
		Watch:           5 * time.Minute,
	}
}

// attempts returns how often a step of the kind is tried.
func (c *Config) attempts(kind model.StepKind) int {
	n := c.Attempts
	switch {
	case isUndo(kind):
		n = c.UndoAttempts
	case kind == model.StepCutOver:
		n = c.CutOverAttempts
	}
	return max(n, 1)
}

// deadline returns how long a command of the kind may take for the move.
func (c *Config) deadline(kind model.StepKind, move *model.Move) time.Duration {
	d, ok := c.Deadlines[kind]
	if !ok {
		d = c.DefaultDeadline
	}
	switch kind {
	case model.StepWatch:
		d += c.Watch
	case model.StepReplicate:
		if move != nil {
			d = max(d, 4*move.ExpectDuration)
		}
	}
	return d
}

// backOff returns the wait after the failed attempt (from 1).
func (c *Config) backOff(attempt int) time.Duration {
	d := c.BackOff
	for i := 1; i < attempt && d < c.BackOffMax; i++ {
		d *= 2
	}
	return min(d, max(c.BackOffMax, c.BackOff))
}
