package solver

import (
	"context"

	"drover/internal/model"
)

// Decide is the solver as planning calls it: Improve from the running placement
// (the items' starts), with a budget that counts evaluations, so that the answer
// is the same on any machine. 0 evaluations are DefaultEvaluations.
func Decide(p *model.Problem, seed uint64, evaluations int64) (model.Answer, error) {
	return DecideFrom(p, nil, seed, evaluations)
}

// DecideFrom is Decide from another placement than the running one; nil is that.
func DecideFrom(p *model.Problem, incumbent []int, seed uint64, evaluations int64) (model.Answer, error) {
	a, err := Improve(context.Background(), p, incumbent, Options{Seed: seed, Evaluations: evaluations, Threads: 1}, nil)
	if err != nil {
		return model.Answer{}, err
	}
	return *a, nil
}
