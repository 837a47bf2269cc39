package solver

import (
	"fmt"

	"drover/internal/model"
)

// Options bound and steer a search. The zero value searches with seed 0 for
// DefaultEvaluations on one thread.
type Options struct {
	// Seed chooses the random numbers. The same problem, options and Evaluations
	// give the same answer, whatever Threads is.
	Seed uint64
	// Evaluations is the budget of work: moves priced in full, all lanes
	// together, plus a sixteenth of the candidates that were rejected early. 0
	// means DefaultEvaluations without a Guard and no limit with one.
	Evaluations int64
	// Threads is how many goroutines search; 0 means 1.
	Threads int
	// Guard, where not nil, is asked often, by several goroutines, how much of
	// an outer budget (a deadline, CPU time, a context) is spent: 0 is none, 1
	// or more ends the search at once. With Evaluations set it only ends the
	// search; without, it also paces the cooling, and the answer depends on it.
	Guard func() float64
	// Incumbent, where not empty, is a placement (bin by item) to start from in
	// place of the items' starts.
	Incumbent []int
	// Progress, where not nil, is told of the best cost as it falls, some times a
	// second, by one goroutine at a time.
	Progress func(Progress)
	improved func(Improvement)
	// Exact asks for a proof by exhaustive search where the problem is small;
	// the search falls back to annealing where the budget does not suffice.
	Exact bool
	// Without leaves parts of the search out, to measure what they are worth.
	Without Technique
}

// Progress is a message from a running search.
type Progress struct {
	Cost        int64
	Violated    bool // some hard constraint is still broken
	Evaluations int64
}

// DefaultEvaluations is the budget where the caller sets none.
const DefaultEvaluations = 5_000_000

// Solve searches for the best placement. It returns an error only for a problem
// or an incumbent that is malformed; what cannot be satisfied is reported in
// Answer.Violations. The answer never has more violations than the start (or
// the incumbent), nor with as many a higher cost.
func Solve(p *model.Problem, o Options) (*model.Answer, error) {
	in, err := compile(p)
	if err != nil {
		return nil, err
	}
	if o.Without&Hosts != 0 {
		in.hosts = nil
	}
	start := in.start
	if len(o.Incumbent) > 0 {
		if start, err = in.incumbent(o.Incumbent); err != nil {
			return nil, err
		}
	}
	if o.Evaluations <= 0 && o.Guard == nil {
		o.Evaluations = DefaultEvaluations
	}
	r := newSearch(in, start, o)
	r.run()
	return r.answer(), nil
}

// incumbent checks a placement given from outside.
func (in *instance) incumbent(at []int) ([]int32, error) {
	if len(at) != in.items {
		return nil, fmt.Errorf("incumbent: %d places for %d items", len(at), in.items)
	}
	start := make([]int32, len(at))
	for i, b := range at {
		if b < model.Unplaced || b >= in.bins {
			return nil, fmt.Errorf("incumbent: item %d is on bin %d of %d", i, b, in.bins)
		}
		start[i] = int32(b)
	}
	return start, nil
}
