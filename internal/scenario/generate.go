package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"drover/internal/model"
)

// statedUplift is the change of load assumed for a campaign that states none.
const statedUplift = 300_000

// generate makes the futures of one decision, most important first.
func (f *fleet) generate() []Future {
	futures := []Future{
		{Name: "expected", Kind: model.ScenarioExpected, Weight: 0.5, Required: true},
		{
			Name: fmt.Sprintf("high load (q%g)", f.cfg.HighQuantile*100), Kind: model.ScenarioHighLoad,
			Weight: 0.2, Required: true, Quantile: f.cfg.HighQuantile,
		},
	}
	futures = append(futures, f.cfg.Futures...)
	futures = append(futures, f.maintenanceFutures()...)
	futures = append(futures, f.campaignFutures()...)
	futures = append(futures, f.lossFutures()...)
	futures = append(futures, f.slowFutures()...)
	futures = append(futures, f.growthFutures()...)
	return append(futures, f.pathFutures()...)
}

// maintenanceFutures assume each announced window that is acted on (see
// addClosings): the server has been emptied before and comes back afterwards.
func (f *fleet) maintenanceFutures() []Future {
	var out []Future
	for _, m := range sortedMaintenance(f.view.Maintenance) {
		start, end := f.window(m)
		if s, ok := f.serverAt[m.Server]; !ok || m.Cancelled || f.closing[s].maintenance != m.ID || !overlaps(start, end, f.view.Tick, f.horizonEnd()) {
			continue
		}
		out = append(out, Future{
			Name: fmt.Sprintf("maintenance %s of %s", m.ID, m.Server), Kind: model.ScenarioMaintenance,
			Weight: 0.1, Required: true, Lost: []Loss{{Server: m.Server, Drained: true, Start: start, End: end}},
		})
	}
	return out
}

// campaignFutures assume that each campaign of the calendar comes on top of
// the forecast, and, where its uplift is stated, half as strong again.
func (f *fleet) campaignFutures() []Future {
	var out []Future
	for _, e := range sortedCalendar(f.view.Calendar) {
		if e.Cancelled || e.Kind != "campaign" || !overlaps(e.Start, e.End, f.view.Tick, f.horizonEnd()) {
			continue
		}
		uplift := e.UpliftPPM
		if uplift == 0 {
			uplift = statedUplift
		}
		out = append(out,
			f.campaign("campaign "+e.Name, e, uplift, 0.1, true),
			f.campaign("campaign "+e.Name+", half as strong again", e, uplift+uplift/2, 0.03, false))
	}
	return out
}

func (f *fleet) campaign(name string, e model.CalendarEvent, uplift int64, weight float64, required bool) Future {
	out := Future{Name: name, Kind: model.ScenarioCampaign, Weight: weight, Required: required}
	apps := slices.Sorted(slices.Values(e.Applications))
	if len(apps) == 0 {
		apps = []model.ApplicationID{""}
	}
	for _, a := range apps {
		out.Load = append(out.Load, LoadChange{Application: a, ChangePPM: uplift, Start: e.Start, End: e.End})
	}
	for _, c := range f.carried(apps) {
		if change := int64(c.share * float64(uplift)); max(change, -change) >= leastCarried {
			out.Load = append(out.Load, LoadChange{Application: c.application, ChangePPM: change, Start: e.Start, End: e.End})
		}
	}
	return out
}

// lossFutures assume the loss of each server with replicas, of each rack that
// holds more than one server, and of each zone where there are several.
func (f *fleet) lossFutures() []Future {
	var out []Future
	zones, racks, inRack := map[string]bool{}, map[string]bool{}, map[string]int{}
	for _, s := range f.servers {
		zones[s.Zone], racks[s.Rack] = true, true
		inRack[s.Rack]++
	}
	used := make([]bool, len(f.servers))
	for _, s := range f.start {
		used[s] = true
	}
	seen := map[string]bool{}
	for s, server := range f.servers {
		if used[s] {
			out = append(out, Future{
				Name: "loss of " + string(server.ID), Kind: model.ScenarioServerLost,
				Weight: f.lossWeight(server), Lost: []Loss{{Server: server.ID}},
			})
		}
		if server.Rack != "" && len(racks) > 1 && inRack[server.Rack] > 1 && !seen["rack "+server.Rack] {
			seen["rack "+server.Rack] = true
			out = append(out, Future{
				Name: "loss of rack " + server.Rack, Kind: model.ScenarioServerLost,
				Weight: 0.0005, Lost: []Loss{{Rack: server.Rack}},
			})
		}
		if server.Zone != "" && len(zones) > 1 && !seen["zone "+server.Zone] {
			seen["zone "+server.Zone] = true
			out = append(out, Future{
				Name: "loss of zone " + server.Zone, Kind: model.ScenarioZoneLost,
				Weight: f.zoneLossWeight(server.Zone), Lost: []Loss{{Zone: server.Zone}},
			})
		}
	}
	return out
}

// slowFactorPPM is how much slower the way between two zones is assumed to get.
const slowFactorPPM = 5_000_000

// slowFutures assume that the way between the two zones with most calls between
// their servers gets slow. It only matters where responses are promised.
func (f *fleet) slowFutures() []Future {
	if f.responses == nil {
		return nil
	}
	crossing := make([]float64, len(f.zones)*len(f.zones))
	for _, c := range f.calls {
		pairs := float64(len(f.members[c.caller]) * len(f.members[c.callee]))
		for _, r := range f.members[c.caller] {
			for _, o := range f.members[c.callee] {
				a, b := f.zone[f.start[r]], f.zone[f.start[o]]
				crossing[min(a, b)*len(f.zones)+max(a, b)] += c.callsPerSecond / pairs
			}
		}
	}
	best, most := -1, 0.0
	for i, calls := range crossing {
		if i/len(f.zones) != i%len(f.zones) && calls > most {
			best, most = i, calls
		}
	}
	if best < 0 {
		return nil
	}
	from, to := f.zones[best/len(f.zones)], f.zones[best%len(f.zones)]
	return []Future{{
		Name: fmt.Sprintf("slow link between zones %s and %s", from, to), Kind: model.ScenarioSlowLink, Weight: 0.001,
		Slow: []SlowLink{{FromZone: from, ToZone: to, FactorPPM: slowFactorPPM}},
	}}
}

// lossWeight is the probability that a server fails within the horizon.
func (f *fleet) lossWeight(s model.Server) float64 {
	const unknown = 0.002
	if s.MTBF <= 0 {
		return unknown
	}
	return f.withinHorizon(s.MTBF)
}

// zoneLossWeight is the probability that a zone fails within the horizon, by the
// worst that its servers state.
func (f *fleet) zoneLossWeight(zone string) float64 {
	weight, stated := 0.0, false
	for i := range f.servers {
		if s := &f.servers[i]; s.Zone == zone && s.ZoneMTBF > 0 {
			weight, stated = max(weight, f.withinHorizon(s.ZoneMTBF)), true
		}
	}
	if !stated {
		return 0.0002
	}
	return weight
}

func (f *fleet) withinHorizon(mtbf time.Duration) float64 {
	return min(0.5, float64(f.horizonEnd().Sub(f.view.Tick))/float64(mtbf))
}

// growthFutures assume that load has grown by more than the forecasts say.
func (f *fleet) growthFutures() []Future {
	return []Future{{Name: "growth by a tenth", Kind: model.ScenarioGrowth, Weight: 0.05, GrowthPPM: 100_000}}
}

// pathFutures sample correlated paths through the forecasts; see path.go. The
// seeds are the same at every tick: common random numbers, so that a decision
// does not change because the dice did.
func (f *fleet) pathFutures() []Future {
	var out []Future
	for i := range f.cfg.Paths {
		out = append(out, Future{
			Name: fmt.Sprintf("sampled path %d", i+1), Kind: model.ScenarioPath,
			Weight: 0.2 / float64(f.cfg.Paths), Path: f.cfg.Budget.Seed + uint64(i) + 1,
		})
	}
	return out
}

func sortedMaintenance(in []model.Maintenance) []model.Maintenance {
	out := slices.Clone(in)
	slices.SortStableFunc(out, func(a, b model.Maintenance) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Server, b.Server), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func sortedCalendar(in []model.CalendarEvent) []model.CalendarEvent {
	out := slices.Clone(in)
	slices.SortStableFunc(out, func(a, b model.CalendarEvent) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name))
	})
	return out
}
