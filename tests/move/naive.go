package move

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

// LoseNaively moves a Redis under load as a careless script would: replicate,
// promote, switch the proxy. It returns how many acknowledged writes were lost.
func LoseNaively(ctx context.Context, writers, writes int) (lost, acked int, err error) {
	s, err := NewRedisSite(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	load := &Load{Dial: s.Dial}
	load.Start(ctx, writers)
	defer load.Stop()
	await := func(writes int) error {
		return actuator.Poll(ctx, 5*time.Millisecond, func() (bool, error) { return load.Acked() >= writes, nil })
	}
	if err := await(writes / 4); err != nil {
		return 0, 0, err
	}
	driver := s.Driver(nil)
	for n, kind := range []model.StepKind{model.StepProvision, model.StepReplicate, model.StepCatchUp} {
		c := actuator.Command{
			Step: model.Step{ID: model.NewStepID("naive", 0, model.LegForward, n+1, kind), Plan: "naive", Kind: kind},
			Move: model.Move{Replica: "db/0", From: "a", To: "b"},
		}
		if err := driver.Perform(ctx, c); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", kind, err)
		}
	}
	if err := s.PromoteNaively(ctx, "a", "b"); err != nil {
		return 0, 0, err
	}
	if err := await(load.Acked() + writes/4); err != nil {
		return 0, 0, err
	}
	lists := load.Stop()
	lost, err = s.Lost(ctx, lists)
	return lost, load.Acked(), err
}
