package executor

import (
	"strings"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
	"drover/internal/saga/watch"
	"drover/internal/stream"
)

// TestTheForecastIsJudgedAgainst moves a replica to a server that is then as busy as
// the source was, where the plan had forecast less, and one where that was forecast.
func TestTheForecastIsJudgedAgainst(t *testing.T) {
	for name, c := range map[string]struct {
		forecast int64
		own      bool // the application's own test knows no such thing as too busy
		want     model.PlanState
	}{
		"as forecast":        {600_000, false, model.PlanSucceeded},
		"nothing forecast":   {0, false, model.PlanSucceeded},
		"busier":             {300_000, false, model.PlanRolledBack},
		"its own thresholds": {300_000, true, model.PlanSucceeded},
	} {
		t.Run(name, func(t *testing.T) {
			config := liveConfig()
			config.Saga.Watch, config.Saga.Attempts = 500*time.Millisecond, 1
			if c.own {
				own := config.Health.Watch
				own.ExceedPPM, own.WorseExceedPPM = 990_000, 999_000 // it may nearly always be busier
				config.Health.Applications = map[model.ApplicationID]watch.Config{"web": own}
			}
			driver := newFake()
			driver.caps.Probes = true
			driver.reading = func(actuator.Command) (model.Reading, error) {
				return model.Reading{Requests: 10, ResponseMicros: 900, SaturationPPM: 600_000}, nil
			}
			h := newHouse(t, config, driver)
			p := plan("p-1", 1, "web/0")
			p.Moves[0].ExpectSaturationPPM, p.Moves[0].ReverseAfterPivot = c.forecast, true
			h.feed(stream.Plans, p)
			h.awaitEnd("p-1", c.want)
			worse := false
			for _, s := range h.steps(model.PhaseFailed) {
				worse = worse || strings.Contains(s.Reason, "saturation worse than forecast")
			}
			if worse != (c.want == model.PlanRolledBack) {
				t.Errorf("failed: %+v", h.steps(model.PhaseFailed))
			}
		})
	}
}

// TestWhatFollowsTheCutOverIsDeclared lets a watch fail for good.
func TestWhatFollowsTheCutOverIsDeclared(t *testing.T) {
	for reverse, want := range map[bool]model.PlanState{true: model.PlanRolledBack, false: model.PlanParked} {
		config := liveConfig()
		config.Saga.Watch, config.Saga.Attempts, config.Reverse = time.Minute, 1, reverse
		driver := newFake()
		driver.reading = func(actuator.Command) (model.Reading, error) {
			return model.Reading{Requests: 100, Errors: 90, SaturationPPM: -1}, nil
		}
		h := newHouse(t, config, driver)
		h.feed(stream.Plans, plan("p-1", 1, "web/0"))
		h.awaitEnd("p-1", want)
	}
}
