package planner

import (
	"maps"
	"math"
	"slices"
	"time"

	"drover/internal/graph/demand"
	"drover/internal/model"
	"drover/internal/scenario"
)

// demandMemory is the half-life of what is known of a service demand.
const demandMemory = 24 * time.Hour

// track takes what every application used and how often it was called since the
// last tick. Only here do the two meet: usage is parted by the application that
// used it, calls by the application that made them.
func (f *fleet) track(at model.Instant, c *Config) {
	if len(f.state.Edges) == 0 {
		return
	}
	if f.state.Demands == nil {
		f.state.Demands = demand.NewTracker(c.RateHalfLife, demandMemory)
	}
	usage, whole := map[model.ApplicationID]float64{}, map[model.ApplicationID]bool{}
	for key, fc := range f.forecasts {
		kind, name, _ := key.Entity.Split()
		if key.Resource != model.CPU || kind != model.KindApplication || fc.ObservedAt != at {
			continue
		}
		usage[model.ApplicationID(name)], whole[model.ApplicationID(name)] = fc.Observed, true
	}
	// In the order of the placement: sums of floats depend on their order.
	for _, replica := range ordered(replicasOf(f.state.Placement)) {
		app, _, err := replica.Split()
		if err != nil || whole[app] {
			continue
		}
		fc, ok := f.forecasts[scenario.ForecastKey{Entity: model.ReplicaEntity(replica), Resource: model.CPU}]
		if !ok || fc.ObservedAt != at {
			usage[app] = math.NaN() // a replica that told nothing: the sum is not known
			continue
		}
		usage[app] += fc.Observed
	}
	f.state.Demands.Tick(at, ordered(f.state.Edges), usage)
	f.state.Demands.Forget(func(app model.ApplicationID) bool {
		_, there := f.state.Applications[app]
		return !there
	})
}

// estimated lists the demands that are used in place of stated ones.
func (f *fleet) estimated() (out []model.ServiceDemand) {
	if f.state.Demands == nil {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(f.state.Applications)) {
		if f.state.Applications[id].DemandMicros > 0 {
			continue
		}
		if d, ok := f.state.Demands.Demand(id); ok {
			out = append(out, model.ServiceDemand{Application: id, Micros: d.Micros[0], ErrorMicros: d.ErrorMicros[0],
				BaseMilli: d.BaseMilli, Samples: d.Samples})
		}
	}
	return out
}

// demanded returns the applications, those that state no service demand with
// the estimated one, where it is known.
func (f *fleet) demanded() map[model.ApplicationID]model.Application {
	estimated := f.estimated()
	if len(estimated) == 0 {
		return f.state.Applications
	}
	apps := maps.Clone(f.state.Applications)
	for _, d := range estimated {
		app := apps[d.Application]
		app.DemandMicros = int64(math.Round(d.Micros))
		apps[d.Application] = app
	}
	return apps
}

// replicasOf returns the replicas of a placement by their own names.
func replicasOf(p model.Placement) map[model.ReplicaID]model.ReplicaID {
	m := make(map[model.ReplicaID]model.ReplicaID, len(p))
	for id := range p {
		m[id] = id
	}
	return m
}
