package scenario

import (
	"cmp"
	"fmt"
	"slices"

	"drover/internal/model"
)

// updateEnded marks updates that are over, well or not.
const updateEnded = " has ended"

// admitUpdates decides which server updates may be under way: rolling, at most
// MaxUpdates servers at once, none after one of the same roll has failed. It
// returns for every update its reason to wait, empty where it may go on.
//
// Updates of one roll share the hook. A server that is done (Updates says OK)
// frees its place; one whose window is open or whose server is already empty
// goes before others, then the earlier window, then the less loaded server.
func (f *fleet) admitUpdates() map[string]string {
	out := map[string]string{}
	results := map[string]UpdateResult{}
	for _, r := range f.view.Updates {
		if old, ok := results[r.Maintenance]; !ok || r.At >= old.At {
			results[r.Maintenance] = r
		}
	}
	replicas := make([]int, len(f.servers))
	for _, s := range f.start {
		replicas[s]++
	}
	var waiting []model.Maintenance
	failed := map[string]string{}
	for _, m := range sortedMaintenance(f.view.Maintenance) {
		if m.Hook == "" || m.Cancelled {
			continue
		}
		if r, ok := results[m.ID]; ok {
			if !r.OK && failed[m.Hook] == "" {
				failed[m.Hook] = fmt.Sprintf("the update of %s failed (%s)", m.Server, cmp.Or(r.Reason, "no reason given"))
			}
			out[m.ID] = fmt.Sprintf("update %s of %s%s", m.ID, m.Server, updateEnded)
			continue
		}
		if _, ok := f.serverAt[m.Server]; ok {
			waiting = append(waiting, m)
		}
	}
	slices.SortStableFunc(waiting, func(a, b model.Maintenance) int {
		sa, sb := f.serverAt[a.Server], f.serverAt[b.Server]
		startA, _ := f.window(a)
		startB, _ := f.window(b)
		return cmp.Or(boolFirst(replicas[sa] == 0, replicas[sb] == 0), cmp.Compare(startA, startB),
			cmp.Compare(replicas[sa], replicas[sb]), cmp.Compare(a.ID, b.ID))
	})
	running := 0
	for _, m := range waiting {
		switch start, end := f.window(m); {
		case failed[m.Hook] != "":
			out[m.ID] = fmt.Sprintf("update %s of %s waits: %s", m.ID, m.Server, failed[m.Hook])
		case start.Add(-f.cfg.DrainLead) > f.view.Tick || end <= f.view.Tick:
			out[m.ID] = ""
		case running >= f.cfg.MaxUpdates:
			out[m.ID] = fmt.Sprintf("update %s of %s waits: %d at once", m.ID, m.Server, f.cfg.MaxUpdates)
		default:
			running++
			out[m.ID] = ""
		}
	}
	return out
}

// boolFirst orders true before false.
func boolFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
