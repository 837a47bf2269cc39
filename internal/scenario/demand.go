package scenario

import (
	"math"
	"time"

	"drover/internal/model"
)

// addSeries finds the forecasts of every replica: its own, or its share of the
// application's. Where there is neither, the stated request counts.
func (f *fleet) addSeries() {
	for a, members := range f.members {
		shared := f.seriesOf(model.ApplicationEntity(f.applications[a].ID))
		for _, i := range members {
			r := &f.replicas[i]
			if r.series, r.share = f.seriesOf(model.ReplicaEntity(r.id)), 1; r.series == (series{}) {
				r.series, r.share = shared, 1/float64(len(members))
			}
		}
	}
}

// series are the forecasts of one entity, nil where there is none.
type series [model.ResourceCount]*model.Forecast

// indexForecasts gathers the view's forecasts by entity.
func (f *fleet) indexForecasts() {
	f.forecasts = make(map[model.EntityID]*series, len(f.view.Forecasts))
	for key, fc := range f.view.Forecasts {
		if int(key.Resource) >= len(series{}) {
			continue
		}
		of := f.forecasts[key.Entity]
		if of == nil {
			of = &series{}
			f.forecasts[key.Entity] = of
		}
		of[key.Resource] = &fc
	}
}

// seriesOf returns the forecasts of an entity.
func (f *fleet) seriesOf(e model.EntityID) series {
	if s := f.forecasts[e]; s != nil {
		return *s
	}
	return series{}
}

// levels says at which level forecasts are read: a number for the whole
// fleet, or one for each application and period (a sampled path).
type levels struct {
	all float64 // 0: the mean
	// server, where not 0, is the level at which the sum of a server's CPU is read
	// instead (see shareRisk).
	server float64
	path   []float64 // [application*periods+t], nil unless sampled
}

func (l levels) at(app, t, periods int) float64 {
	if l.path == nil || app < 0 {
		return l.all
	}
	return l.path[app*periods+t]
}

// base returns the load of every replica, [replica*periods+t], and what else
// runs on every server, [server*periods+t], with forecasts read at a level.
func (f *fleet) base(l levels) (demand, background []model.Vector) {
	periods := f.periods()
	demand = make([]model.Vector, len(f.replicas)*periods)
	background = make([]model.Vector, len(f.servers)*periods)
	onServer := make([]model.Vector, len(f.servers)*periods)
	for i, r := range f.replicas {
		request := f.applications[r.app].Request
		for t := range periods {
			d := &demand[i*periods+t]
			for _, res := range model.Resources() {
				if fc := r.series[res]; fc != nil {
					d[res] = amount(f.value(fc, t, l.at(r.app, t, periods)) * r.share)
				} else {
					d[res] = max(0, request[res])
				}
			}
		}
	}
	kept := make([]int64, periods)
	if l.server > 0 && l.all > 0.5 {
		kept = f.shareRisk(demand, l.all, l.server)
	}
	for i, s := range f.start {
		for t := range periods {
			at := s*periods + t
			onServer[at] = onServer[at].Add(demand[i*periods+t])
		}
	}
	for s, server := range f.servers {
		for res, fc := range f.seriesOf(model.ServerEntity(server.ID)) {
			if fc == nil {
				continue
			}
			for t := range periods {
				at := s*periods + t
				background[at][res] = max(0, amount(f.value(fc, t, l.all))-onServer[at][res])
			}
		}
		for t := range periods {
			at := s*periods + t
			background[at][model.CPU] = max(background[at][model.CPU], kept[t])
		}
	}
	return demand, background
}

// value returns the greatest forecast value within a period at level p, or the
// mean for p = 0. An untrusted forecast gives what was observed as the mean and
// the week's peak as the high value, linear between them.
func (f *fleet) value(fc *model.Forecast, t int, p float64) float64 {
	steps := len(fc.Quantiles.Values)
	if !fc.Trusted || fc.Step <= 0 || steps == 0 {
		return untrusted(fc, p)
	}
	from, to := f.period(t)
	first := int(from.Sub(fc.Origin) / fc.Step)
	last := int((to.Sub(fc.Origin) - 1) / fc.Step)
	// Beyond the forecast's horizon its last step stands for the rest.
	first, last = min(max(first, 0), steps-1), min(max(last, 0), steps-1)
	best := math.Inf(-1)
	for h := first; h <= last; h++ {
		v := math.NaN()
		if p > 0 {
			v = fc.Quantiles.At(h, p)
		} else if h < len(fc.Quantiles.Mean) {
			v = fc.Quantiles.Mean[h]
		}
		if v > best {
			best = v
		}
	}
	if math.IsInf(best, -1) {
		return untrusted(fc, p)
	}
	if p > 0.5 && from.Sub(fc.Origin) < surpriseLasts {
		best += surprise(fc)
	}
	return best
}

// surpriseLasts is how long a load that no forecast foresaw is taken to stay.
const surpriseLasts = time.Hour

// surprise is by how much the load seen last exceeds nearly all that the first
// step allows for: something has begun that the forecast does not know.
func surprise(fc *model.Forecast) float64 {
	return max(0, fc.Observed-fc.Quantiles.At(0, 0.95))
}

// untrusted is the fallback for a forecast that does no better than a naive
// one: between what was seen last (at the median) and the peak (at 95 %).
func untrusted(fc *model.Forecast, p float64) float64 {
	peak := max(fc.Peak, fc.Observed)
	if p <= 0.5 {
		return fc.Observed
	}
	return fc.Observed + float64((peak-fc.Observed)*min(1, (p-0.5)/0.45))
}

// amount rounds a load up to whole units; what is not a number counts as 0.
func amount(v float64) int64 {
	if !(v > 0) {
		return 0
	}
	const most = 1e15
	return int64(math.Ceil(min(v, most) - 1e-6))
}

// changed returns v with load raised by a change in parts per million. Memory
// and disk stay: they follow data, not requests.
func changed(v model.Vector, changePPM int64) model.Vector {
	if changePPM == 0 {
		return v
	}
	factor := 1 + float64(changePPM)/1e6
	for _, res := range []model.Resource{model.CPU, model.Receive, model.Transmit} {
		v[res] = amount(float64(v[res]) * factor)
	}
	return v
}
