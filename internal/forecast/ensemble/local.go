package ensemble

import (
	"math"

	"drover/internal/forecast/effects"
	"drover/internal/forecast/panel"
	"drover/internal/forecast/wallclock"
	"drover/internal/model"
)

// runLocal forecasts by what the wall clock shows: every step moves to its wall
// time, where seasons are as long as people take them to be. The hour that is left
// out in spring is a gap; of the one that comes twice in autumn the mean counts,
// and both are forecast alike.
func runLocal(p *panel.Panel, o Options) (*Result, error) {
	zone := o.Zone
	o.Zone = nil
	local := &panel.Panel{Step: p.Step, Seasons: p.Seasons}
	steps := make([][]int, len(p.Series)) // of the forecast on the wall, by step
	horizon := o.Horizon
	longest := horizon
	for i, s := range p.Series {
		moved := localised(s, p, zone)
		local.Series = append(local.Series, moved)
		steps[i] = make([]int, horizon)
		for h := range steps[i] {
			at := onWall(p, zone, s.Start, len(s.Values)+h) - len(moved.Values)
			steps[i][h] = max(0, at)
			longest = max(longest, at+1)
		}
	}
	o.Horizon = longest
	o.Events = localEvents(o.Events, zone)
	r, err := Run(local, o)
	if err != nil {
		return nil, err
	}
	for i := range r.Series {
		f := &r.Series[i]
		f.First = p.Series[i].Start + model.Instant(int64(len(p.Series[i].Values))*p.Step.Milliseconds())
		q := model.Quantiles{Levels: f.Quantiles.Levels}
		for _, at := range steps[i] {
			q.Values = append(q.Values, f.Quantiles.Values[at])
			q.Mean = append(q.Mean, f.Quantiles.Mean[at])
		}
		f.Quantiles = q
	}
	return r, nil
}

// onWall is how many steps the wall clock shows from a start to so many steps
// later.
func onWall(p *panel.Panel, zone *wallclock.Zone, start model.Instant, steps int) int {
	step := p.Step.Milliseconds()
	at := zone.Wall(start+model.Instant(int64(steps)*step)) - zone.Wall(start)
	return int(math.Round(float64(at) / float64(step)))
}

// localised puts a series on the grid of the wall clock.
func localised(s panel.Series, p *panel.Panel, zone *wallclock.Zone) panel.Series {
	last := 0
	for i := range s.Values {
		last = max(last, onWall(p, zone, s.Start, i))
	}
	out := panel.Series{ID: s.ID, Start: zone.Wall(s.Start), Values: make([]float64, last+1)}
	for i := range out.Values {
		out.Values[i] = math.NaN()
	}
	for i, v := range s.Values {
		at := &out.Values[max(0, onWall(p, zone, s.Start, i))]
		switch {
		case *at != *at:
			*at = v
		case v == v:
			*at = (*at + v) / 2
		}
	}
	return out
}

func localEvents(events []effects.Event, zone *wallclock.Zone) []effects.Event {
	out := make([]effects.Event, len(events))
	for i, e := range events {
		e.Start, e.End = zone.Wall(e.Start), zone.Wall(e.End)
		e.End = max(e.End, e.Start+1)
		out[i] = e
	}
	return out
}
