package phasing

import (
	"time"

	"drover/internal/model"
)

// Move is one replica that has to go from one server to another. Servers and
// applications are indices into Input.
type Move struct {
	Application int
	From, To    int
	// Demand has one vector for each column of the load.
	Demand    []model.Vector
	DataBytes int64
	// Priority orders moves that could both go first; higher goes first.
	Priority int64
	// Deadline is when the move has to have ended; zero: no deadline.
	Deadline model.Instant
	// Haste puts a move before all others, whatever their deadlines: what is wrong
	// already is mended before what is about to be. The greater goes first; 0: none.
	Haste int64
}

// Server is what phasing knows of one server.
type Server struct {
	Capacity model.Vector // zero entries: unknown, not limited
	// Load has one vector for each column: everything that runs there now.
	Load []model.Vector
	Zone int
	// Applications lists the applications of the replicas there now, with repeats.
	Applications []int
	// Concurrency is how many moves may touch the server at once, at least 1.
	Concurrency int
}

// Application is what phasing knows of one application.
type Application struct {
	MinimumZones int
	// Servers lists where its replicas are now, with repeats.
	Servers []int
	// Rivals must not share a server with it; Apart: not even its own replicas.
	Rivals []int
	Apart  bool
}

// Input is a phasing problem. Columns of load and demand are periods (or
// periods of several futures); capacity has to suffice in all of them.
type Input struct {
	Now          model.Instant
	Servers      []Server
	Applications []Application
	Moves        []Move
	// LinkConcurrency is how many moves may run between one ordered pair of
	// servers at once, at least 1.
	LinkConcurrency int
	// CopyBytesPerSecond limits one copy; Bandwidth, where not nil, limits it for a
	// pair of servers (0: not known).
	CopyBytesPerSecond int64
	Bandwidth          func(from, to int) int64
	// Overhead is what a move takes apart from copying.
	Overhead time.Duration
	// WaveSize is the most steps of one wave; 0: all steps are one.
	WaveSize int
	// Lifetime is how long after its predicted end a schedule without deadlines
	// remains valid.
	Lifetime time.Duration
}

// Step is one scheduled move.
type Step struct {
	Move  int   // index into Input.Moves
	After []int // indices of steps that must have ended well before
	Wave  int   // from 1; never falls along the list
	// Earliest is a lower bound: no copy of a step it waits for can have ended
	// before. Start is the predicted start, with overheads and with room on servers
	// and links. Latest is when it has to begin so that it and all that wait for it
	// are in time.
	Earliest, Start, Latest model.Instant
	Duration                time.Duration // predicted
	// Bandwidth is what the copy may use, in bytes per second: as many copies as
	// may touch a server together never exceed its network.
	Bandwidth int64
	// Late tells that Start is after Latest: the deadline can't be kept.
	Late bool
}

// Dropped is a move that can't be made, with the reason.
type Dropped struct {
	Move   int
	Reason string
}

// Schedule is a phased set of moves, steps in an order that respects After.
type Schedule struct {
	Steps   []Step
	Dropped []Dropped
	Waves   int
	End     model.Instant // predicted end of the last step
}
