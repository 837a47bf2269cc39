package forecaster

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"drover/internal/forecast"
	"drover/internal/forecast/ensemble"
	"drover/internal/forecast/guide"
	"drover/internal/model"
)

// candidate is a series that is due for fitting.
type candidate struct {
	key   seriesKey
	wrong float64 // how urgent: error over naive's, times the guide's age in days
}

// refit fits the models of the registry to the most wrong series that fit into
// the budget, fleet by fleet, and hands each series what they expect of it. It
// depends on the series' states, the tick and the network's last weights alone.
func (l *loads) refit(tick model.Instant) error {
	r := &l.config.Refit
	if r.Every == 0 || tick.Floor(r.Every) == tick.Add(-l.config.Interval).Floor(r.Every) {
		return nil
	}
	byFleet := map[model.FleetID][]seriesKey{}
	var fleets []model.FleetID
	for _, c := range l.affordable(l.due(tick)) {
		if len(byFleet[c.key.fleet]) == 0 {
			fleets = append(fleets, c.key.fleet)
		}
		byFleet[c.key.fleet] = append(byFleet[c.key.fleet], c.key)
	}
	slices.Sort(fleets)
	for _, fleet := range fleets {
		keys := byFleet[fleet]
		slices.SortFunc(keys, compareKeys)
		if err := l.fit(fleet, keys); err != nil {
			return fmt.Errorf("fit %d series of fleet %s: %w", len(keys), fleet, err)
		}
		l.counts.Refits++
		l.counts.Refitted += uint64(len(keys))
	}
	return nil
}

// due lists the series that may be fitted, the most wrong first.
func (l *loads) due(tick model.Instant) []candidate {
	r := &l.config.Refit
	var out []candidate
	for _, key := range l.keys() {
		s := l.at(key).model
		h := s.History()
		if h == nil || h.Len() < r.Least || tick.Sub(l.at(key).closed) > h.Block() {
			continue
		}
		days := 30.0
		if start, ok := s.Guided(); ok {
			age := tick.Sub(start)
			if age < r.Age {
				continue
			}
			days = float64(age) / float64(24*time.Hour)
		}
		out = append(out, candidate{key, wrongness(s) * days})
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return cmp.Compare(b.wrong, a.wrong) })
	return out
}

// wrongness is a series' error at the longest judged lead over seasonal
// naive's; 1 where there is nothing to compare.
func wrongness(s *forecast.Series) float64 {
	all := s.Accuracy()
	if len(all) == 0 {
		return 1
	}
	last := all[len(all)-1]
	if ratio := last.MASE / last.NaiveMASE; ratio > 0 && !math.IsInf(ratio, 0) {
		return ratio
	}
	return 1
}

// affordable cuts the list to what one round's budget pays for; the first is
// always fitted.
func (l *loads) affordable(due []candidate) []candidate {
	length, season := 0, guide.Seasons(&l.config.Forecast)[0]
	for i, c := range due {
		length = max(length, l.at(c.key).model.History().Len())
		if i > 0 && ensemble.Operations(i+1, length, season, forecast.GuideBlocks) > l.config.Refit.Operations {
			return due[:i]
		}
	}
	return due
}

// fit guides the series of one fleet.
func (l *loads) fit(fleet model.FleetID, keys []seriesKey) error {
	series := make([]*forecast.Series, len(keys))
	for i, key := range keys {
		series[i] = l.at(key).model
	}
	warm, err := guide.Fit(series, &l.config.Forecast, l.config.Refit.Seed, l.warm[fleet])
	if err != nil {
		return err
	}
	if warm != nil {
		l.warm[fleet] = warm
	}
	return nil
}
