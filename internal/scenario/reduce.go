package scenario

import (
	"cmp"
	"fmt"
	"slices"

	"drover/internal/model"
)

// reduce keeps at most MaxFutures: all that must be met, then of the others the
// most telling ones. It says what was dropped and why.
//
// Losses of one server are many, so they are first ranked by what they would
// break now; of sampled paths the ones with the greatest total load stay.
func (f *fleet) reduce(futures []Future) (kept []Future, dropped []string) {
	var required, losses, slow, others []Future
	for _, future := range futures {
		switch {
		case future.Required:
			required = append(required, future)
		case future.Kind == model.ScenarioServerLost || future.Kind == model.ScenarioZoneLost:
			losses = append(losses, future)
		case future.Kind == model.ScenarioSlowLink:
			slow = append(slow, future)
		default:
			others = append(others, future)
		}
	}
	kept = required
	if over := len(kept) - f.cfg.MaxFutures; over > 0 {
		// The user's and the first announced ones stay.
		dropped = append(dropped, namesOf(kept[f.cfg.MaxFutures:], "more than the limit of futures that must be met")...)
		kept = kept[:f.cfg.MaxFutures]
	}
	if room := min(len(slow), (f.cfg.MaxFutures-len(kept))/4); room < len(slow) {
		dropped, slow = append(dropped, namesOf(slow[room:], "no place beside what must be met")...), slow[:room]
	}
	kept = append(kept, slow...)
	places := f.cfg.MaxFutures - len(kept)
	// Losses get half of what is left, rounded up, the others the rest.
	forLosses := min(len(losses), places-min(len(others), places/2))
	ranked, effects := f.rankLosses(losses)
	kept = append(kept, ranked[:forLosses]...)
	if n := len(ranked) - forLosses; n > 0 {
		dropped = append(dropped, lossesDropped(ranked[forLosses:], effects[forLosses:]))
	}
	forOthers := min(len(others), f.cfg.MaxFutures-len(kept))
	others = f.rankOthers(others)
	kept = append(kept, others[:forOthers]...)
	return kept, append(dropped, namesOf(others[forOthers:], "less load than those kept")...)
}

func namesOf(futures []Future, why string) []string {
	var out []string
	for _, future := range futures {
		out = append(out, future.Name+": "+why)
	}
	return out
}

func lossesDropped(futures []Future, effects []int64) string {
	names := make([]string, len(futures))
	for i, future := range futures {
		names[i] = future.Name
	}
	if effects[0] == 0 {
		return fmt.Sprintf("%s: would break nothing now", firstFew(names))
	}
	return fmt.Sprintf("%s: would break less (at most %d promises) than the losses kept", firstFew(names), effects[0]>>20)
}

// rankLosses orders losses by what they would break at the present placement
// with expected loads (broken promises first, then the load that moves), and
// returns that effect: promises << 20 + a share of the fleet's load.
func (f *fleet) rankLosses(losses []Future) ([]Future, []int64) {
	demand, background := f.base(levels{})
	load := slices.Clone(background)
	periods := f.periods()
	for r, s := range f.start {
		for t := range periods {
			load[s*periods+t] = load[s*periods+t].Add(demand[r*periods+t])
		}
	}
	on := make([][]int, len(f.servers))
	for r, s := range f.start {
		on[s] = append(on[s], r)
	}
	type ranked struct {
		Future
		effect int64
	}
	list := make([]ranked, len(losses))
	for i, loss := range losses {
		list[i] = ranked{loss, f.lossEffect(loss.Lost, demand, load, on)}
	}
	slices.SortStableFunc(list, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.effect, a.effect), cmp.Compare(b.Weight, a.Weight))
	})
	effects := make([]int64, len(list))
	for i, r := range list {
		losses[i], effects[i] = r.Future, r.effect
	}
	return losses, effects
}

// lossEffect counts what a loss would break in the period with most load.
func (f *fleet) lossEffect(lost []Loss, demand, load []model.Vector, on [][]int) int64 {
	periods := f.periods()
	gone := make([]bool, len(f.servers))
	var moved int64
	hit := map[int]bool{}
	var apps []int
	peak := 0
	for s, server := range f.servers {
		gone[s] = slices.ContainsFunc(lost, func(l Loss) bool { return l.concerns(server) })
		if !gone[s] {
			continue
		}
		for _, r := range on[s] {
			if a := f.replicas[r].app; !hit[a] {
				hit[a] = true
				apps = append(apps, a)
			}
		}
		for t := range periods {
			if load[s*periods+t][model.CPU] > load[s*periods+peak][model.CPU] {
				peak = t
			}
		}
		moved += load[s*periods+peak][model.CPU] / 1000
	}
	extra := map[int]model.Vector{}
	var broken int64
	for _, a := range apps {
		var alive []int
		var sum model.Vector
		for _, r := range f.members[a] {
			if gone[f.start[r]] {
				sum = sum.Add(demand[r*periods+peak])
			} else {
				alive = append(alive, f.start[r])
			}
		}
		if len(alive) == 0 {
			broken++
			continue
		}
		for res := range sum {
			sum[res] /= int64(len(alive))
		}
		sum[model.Memory], sum[model.Disk] = 0, 0
		for _, s := range alive {
			extra[s] = extra[s].Add(sum)
		}
	}
	for s, v := range extra {
		if overload(load[s*periods+peak].Add(v), f.servers[s].Capacity) > 0 {
			broken++
		}
	}
	return broken<<20 + min(moved, 1<<20-1)
}

// rankOthers orders the remaining futures by the load they stand for, so that
// the sampled paths that stay are the demanding ones.
func (f *fleet) rankOthers(others []Future) []Future {
	type ranked struct {
		Future
		load float64
	}
	list := make([]ranked, len(others))
	for i, future := range others {
		list[i] = ranked{future, f.totalLevel(future)}
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return cmp.Compare(b.load, a.load) })
	for i := range list {
		others[i] = list[i].Future
	}
	return others
}

// totalLevel estimates a future's load relative to the expected one: changes
// count as they are, a sampled path by how far its levels lie above the median.
func (f *fleet) totalLevel(future Future) float64 {
	total := 1 + float64(future.GrowthPPM)/1e6
	for _, l := range future.Load {
		share := 1.0
		if l.Application != "" {
			share = 1 / float64(max(1, len(f.applications)))
		}
		total += share * float64(l.ChangePPM) / 1e6
	}
	if future.Path != 0 {
		path := f.samplePath(future.Path)
		sum := 0.0
		for _, p := range path {
			sum += p - 0.5
		}
		total += 0.3 * sum / float64(max(1, len(path)))
	}
	return total
}
