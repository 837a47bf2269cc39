package simfleet

import (
	"math"
	"math/rand/v2"
	"time"

	"drover/internal/model"
)

// rates returns the requests per second that every application serves at a
// time: what comes from outside, and what its callers make of it; of a recorded
// application what its record says of the time over about that instant.
func (f *Fleet) rates(at model.Instant, over time.Duration) map[model.ApplicationID]float64 {
	rates := make(map[model.ApplicationID]float64, len(f.spec.Applications))
	for _, id := range f.order {
		app := f.apps[id]
		rate := rates[id]
		if app.Recorded != nil {
			rate = app.rate(at, over)
		} else {
			rate += f.entry(app, at)
		}
		rates[id] = rate
		for _, c := range app.Calls {
			rates[c.Callee] += rate * c.Rate
		}
	}
	return rates
}

// Rates returns the true requests per second of every application at a time, of
// recorded ones the mean over the minute about it.
func (f *Fleet) Rates(at model.Instant) map[model.ApplicationID]float64 {
	return f.rates(at, time.Minute)
}

// RatesOver is Rates with the recorded ones' mean over another time.
func (f *Fleet) RatesOver(at model.Instant, over time.Duration) map[model.ApplicationID]float64 {
	return f.rates(at, over)
}

// CPUMilli returns the true CPU of all replicas of an application together, in
// millicores, given the rates of a time.
func (f *Fleet) CPUMilli(id model.ApplicationID, rates map[model.ApplicationID]float64) float64 {
	return rates[id] * f.apps[id].Demand.Seconds() * 1000
}

// entry is the rate from outside: season, campaigns and slow noise.
func (f *Fleet) entry(app *ApplicationSpec, at model.Instant) float64 {
	if app.Entry == 0 {
		return 0
	}
	t := at.Time()
	hour := float64(t.Hour()) + float64(t.Minute())/60 + float64(t.Second())/3600
	phase := 2 * math.Pi * (hour - app.PeakHour) / 24
	rate := app.Entry * (1 + app.DailySwing*(0.85*math.Cos(phase)+0.15*math.Cos(2*phase)))
	if day := t.Weekday(); day == time.Saturday || day == time.Sunday {
		rate *= 1 - app.WeekendDrop
	}
	for _, c := range f.spec.Campaigns {
		if c.Application == app.ID {
			rate *= 1 + c.Uplift*ramp(at.Sub(f.spec.Start.Add(c.Begin)), c.Length)
		}
	}
	return rate * (1 + f.noise(app.ID, at))
}

// ramp is a campaign's effect over its length: up within ten minutes, full for
// half of it, then falling.
func ramp(since, length time.Duration) float64 {
	if since < 0 || since >= length {
		return 0
	}
	x := since.Minutes()
	if x < 10 {
		return x / 10
	}
	rest := float64(since) / float64(length)
	if rest < 0.5 {
		return 1
	}
	return 1 - 0.7*(rest-0.5)/0.5
}

// noise is a slow random walk about zero: values at the quarter hours, drawn
// from the seed, the application and the time, with a smooth way between them.
func (f *Fleet) noise(id model.ApplicationID, at model.Instant) float64 {
	const step = 15 * time.Minute
	from := at.Floor(step)
	w := float64(at-from) / float64(step.Milliseconds())
	w = w * w * (3 - 2*w)
	a := f.draw(string(id), from).NormFloat64()
	b := f.draw(string(id), from.Add(step)).NormFloat64()
	return f.spec.Noise * (a*(1-w) + b*w)
}

// draw returns a source of random numbers that belongs to a name and a time.
func (f *Fleet) draw(name string, at model.Instant) *rand.Rand {
	h := f.spec.Seed*0x9e3779b97f4a7c15 + 0x632be59bd9b4e019
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 0x100000001b3
	}
	return rand.New(rand.NewPCG(h, uint64(at)))
}
