package scenario

import (
	"slices"

	"drover/internal/model"
)

// world is a future worked out for a fleet: every load as a number.
type world struct {
	Future
	weightPPM  int64          // share of the probability of all kept futures
	demand     []model.Vector // [replica*periods+t]
	background []model.Vector // [server*periods+t]
	// gone marks servers that are not there, [server*periods+t]; nil: all are.
	// fled marks those among them that were to be empty by then.
	gone, fled []bool
}

// worlds works out futures. Loads read at the same level are shared.
func (f *fleet) worlds(futures []Future) []world {
	type pair struct{ demand, background []model.Vector }
	type level struct{ all, server float64 }
	byLevel := map[level]pair{}
	var total float64
	for _, future := range futures {
		total += future.Weight
	}
	out := make([]world, len(futures))
	for i, future := range futures {
		w := world{Future: future}
		if total > 0 {
			w.weightPPM = int64(future.Weight / total * 1e6)
		}
		read := level{all: future.Quantile}
		if future.Kind == model.ScenarioHighLoad {
			read.server = f.cfg.ServerQuantile
		}
		switch base, ok := byLevel[read]; {
		case future.Path != 0:
			w.demand, w.background = f.base(levels{path: f.samplePath(future.Path)})
		case ok:
			w.demand, w.background = base.demand, base.background
		default:
			w.demand, w.background = f.base(levels{all: read.all, server: read.server})
			byLevel[read] = pair{w.demand, w.background}
		}
		f.changeLoad(&w)
		f.takeAway(&w)
		out[i] = w
	}
	return out
}

// changeLoad applies growth and load changes to a copy of the demand.
func (f *fleet) changeLoad(w *world) {
	if w.GrowthPPM == 0 && len(w.Load) == 0 {
		return
	}
	periods := f.periods()
	w.demand = slices.Clone(w.demand)
	for t := range periods {
		from, to := f.period(t)
		change := make([]int64, len(f.applications))
		for a := range change {
			change[a] = w.GrowthPPM
		}
		for _, l := range w.Load {
			if !overlaps(l.Start, l.End, from, to) {
				continue
			}
			for a, app := range f.applications {
				if l.Application == "" || l.Application == app.ID {
					// Changes multiply: +10 % on top of +20 % is +32 %.
					change[a] = int64((1+float64(change[a])/1e6)*(1+float64(l.ChangePPM)/1e6)*1e6) - 1_000_000
				}
			}
		}
		for i, r := range f.replicas {
			w.demand[i*periods+t] = changed(w.demand[i*periods+t], change[r.app])
		}
	}
}

// takeAway marks the servers that a future loses.
func (f *fleet) takeAway(w *world) {
	if len(w.Lost) == 0 {
		return
	}
	periods := f.periods()
	w.gone = make([]bool, len(f.servers)*periods)
	w.fled = make([]bool, len(f.servers)*periods)
	for _, l := range w.Lost {
		for s, server := range f.servers {
			if !l.concerns(server) {
				continue
			}
			for t := range periods {
				if from, to := f.period(t); overlaps(l.Start, l.End, from, to) {
					w.gone[s*periods+t] = true
					w.fled[s*periods+t] = w.fled[s*periods+t] || l.Drained
				}
			}
		}
	}
}

// concerns tells whether a loss takes a server away.
func (l Loss) concerns(s model.Server) bool {
	return l.Server != "" && l.Server == s.ID || l.Rack != "" && l.Rack == s.Rack || l.Zone != "" && l.Zone == s.Zone
}
