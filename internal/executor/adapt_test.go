package executor

import (
	"context"
	"sync/atomic"
	"testing"

	"drover/internal/actuator"
	"drover/internal/model"
	"drover/internal/saga"
	"drover/internal/stream"
)

// TestABoundFindsWhatTheServerStands plays a server that is hurt by copies beyond
// what it stands, and one that is left alone again.
func TestABoundFindsWhatTheServerStands(t *testing.T) {
	const allowed, stands, least = 64 << 20, 20 << 20, 1 << 20
	h := &health{Rate: allowed}
	rate := func() int64 {
		if h.Bound > 0 {
			return h.Bound
		}
		return allowed
	}
	hurt, sum := 0, int64(0)
	const looks, settled = 400, 10
	for n := range looks + settled {
		now := rate()
		if n >= settled {
			sum += now
			if now > stands {
				hurt++
			}
		}
		h.bound(now > stands, allowed, least)
	}
	// Halving and growing by a tenth swings between a half of what it stands and a
	// tenth more: one look of eight or so hurts.
	if mean := sum / looks; mean < stands/2 || mean > stands || hurt > looks/6 {
		t.Errorf("%d bytes a second in the mean, hurt in %d of %d looks", sum/looks, hurt, looks)
	}
	for range 40 {
		h.bound(false, allowed, least)
	}
	if h.Bound != 0 {
		t.Errorf("left alone it still has a bound of %d", h.Bound)
	}
	for range 40 {
		h.bound(true, allowed, least)
	}
	if h.Bound != least {
		t.Errorf("hurt for ever it has a bound of %d, want the least", h.Bound)
	}
}

// TestCopiesSlowDownWhereTheyHurt moves a replica off a server whose saturation
// grows with the copy's pace, and a second one that has to wait while it hurts.
func TestCopiesSlowDownWhereTheyHurt(t *testing.T) {
	const allowed, stands = 32 << 20, 5 << 20
	config := liveConfig()
	config.Saga.Limits = saga.Limits{PerServer: 2, BytesPerSecond: allowed}
	driver := newFake()
	release := make(chan struct{})
	var always, calm atomic.Bool // hurt at any pace, at none
	var pace atomic.Int64
	driver.perform = func(ctx context.Context, c actuator.Command) error {
		if c.Step.Kind != model.StepReplicate || c.Move.Replica != "db/0" {
			return nil
		}
		select {
		case <-release:
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	driver.reading = func(c actuator.Command) (model.Reading, error) {
		r := model.Reading{Requests: 10, ResponseMicros: 900, SaturationPPM: 300_000}
		if c.Step.Kind == model.StepReplicate {
			pace.Store(c.BytesPerSecond())
			if always.Load() || !calm.Load() && c.BytesPerSecond() > stands {
				r.SaturationPPM = 950_000
			}
		}
		return r, nil
	}
	h := newHouse(t, config, driver)
	h.feed(stream.Plans, plan("p-1", 1, "db/0"))
	limits := func() (list []int64) {
		for _, s := range h.steps(model.PhaseLimit) {
			list = append(list, s.BytesPerSecond)
		}
		return list
	}
	h.await("a pace that the server stands", func() bool { l := limits(); return len(l) > 6 && pace.Load() <= stands })
	if l := limits(); l[0] != allowed/2 || l[1] != allowed/4 || l[2] != allowed/8 {
		t.Errorf("the bound went %v", l)
	}
	for i, l := range limits() {
		if i > 3 && (l < stands/3 || l > stands*12/10) {
			t.Errorf("after %d changes the bound is %d", i, l)
		}
	}
	always.Store(true)
	h.await("the least pace", func() bool { return pace.Load() == config.Health.LeastBytesPerSecond })
	h.feed(stream.Plans, plan("p-2", 1, "web/0"))
	beats := len(h.records(stream.Reports))
	h.await("twenty looks more", func() bool { return len(h.records(stream.Reports)) > beats+40 })
	if n := driver.count("perform p-2/0/f/1/admit"); n != 0 {
		t.Error("another move was begun at a server that hurts")
	}
	always.Store(false)
	calm.Store(true)
	h.awaitEnd("p-2", model.PlanSucceeded) // while the first still copies
	h.await("the pace that is allowed", func() bool { return pace.Load() == allowed })
	close(release)
	h.awaitEnd("p-1", model.PlanSucceeded)
}
