package solver

import (
	"fmt"
	"strings"

	"drover/internal/model"
)

// reason is one family of constraints that may keep an item off bins.
type reason struct {
	bans  func(b int) bool
	words func(bins []int) string // what it says about the bins it bans
}

// explain adds to every violation that concerns one item or one group's spread
// why no bin would do: a small set of constraints that together rule out every
// bin, none of which can be left out.
func explain(p *model.Problem, in *instance, a *model.Answer) {
	if len(a.Violations) == 0 {
		return
	}
	w := newWitness(p, in, a.Assignment)
	for k := range a.Violations {
		v := &a.Violations[k]
		switch v.Kind {
		case model.ViolationUnplaced, model.ViolationForbidden:
			v.Because = w.conflict(v.Item)
		case model.ViolationCapacity:
			v.Item = w.largestOn(v.Bin, v.Resource)
			if v.Item >= 0 {
				v.Because = w.conflict(v.Item)
			}
		case model.ViolationSpread:
			v.Because = w.spread(v.Group)
		}
		if len(v.Because) > 0 {
			v.Text += ": " + strings.Join(v.Because, "; ")
		}
	}
}

// witness answers why items cannot stand elsewhere, on the final placement.
type witness struct {
	p  *model.Problem
	in *instance
	s  *state
}

func newWitness(p *model.Problem, in *instance, at []int) *witness {
	s := newState(in)
	bins := make([]int32, len(at))
	for i, b := range at {
		bins[i] = int32(b)
	}
	s.load(bins)
	return &witness{p, in, s}
}

// largestOn returns the item on a bin that uses most of a resource.
func (w *witness) largestOn(b, resource int) int {
	d := w.in.dimOf[resource]
	item, most := -1, int64(-1)
	for _, i := range w.s.items[b] {
		if q := w.in.row(i)[d]; q > most {
			item, most = int(i), q
		}
	}
	return item
}

// reasons lists the families of constraints for an item, most telling first.
func (w *witness) reasons(i int32) []reason {
	in, s := w.in, w.s
	list := []reason{{
		bans:  func(b int) bool { return !in.admits(i, int32(b)) },
		words: func(bins []int) string { return countBins(bins, "is", "are") + " closed to it or not allowed" },
	}}
	for r, res := range w.p.Resources {
		list = append(list, w.shortage(i, r, label("resource", res.Name, r)))
	}
	if row := in.itemRow[i]; row != none {
		list = append(list, reason{
			bans:  func(b int) bool { return !s.meets(row, int32(b), none) },
			words: func(bins []int) string { return countBins(bins, "holds", "hold") + " items it must not share with" },
		})
	}
	if in.quotas {
		list = append(list, reason{
			bans:  func(b int) bool { return !s.withinQuotas(i, int32(b)) },
			words: func(bins []int) string { return countBins(bins, "is", "are") + " beyond the quota of moves" },
		})
	}
	return list
}

// shortage is the reason that a bin lacks room for item i in one resource.
func (w *witness) shortage(i int32, r int, name string) reason {
	in, s := w.in, w.s
	n := len(w.p.Resources)
	var need int64
	lacks := func(b int) bool {
		for k := r; k < in.dims; k += n {
			d := in.dimOf[k]
			q := in.row(i)[d]
			if q > s.free[b*in.dims+d] {
				return true
			}
		}
		return false
	}
	for k := r; k < in.dims; k += n {
		need = max(need, in.row(i)[in.dimOf[k]])
	}
	return reason{
		bans: lacks,
		words: func(bins []int) string {
			var most int64
			for _, b := range bins {
				most = max(most, s.free[b*in.dims+in.dimOf[r]])
			}
			return fmt.Sprintf("%s %s: it needs %d, the most free there is %d", countBins(bins, "lacks", "lack"), name, need, most)
		},
	}
}

// conflict returns a minimal list of reasons that rule out every bin but the
// item's own, or nil where some bin would do.
func (w *witness) conflict(item int) []string {
	i := int32(item)
	reasons := w.reasons(i)
	banned := func(skip int, kept []bool) bool {
		for b := range w.in.bins {
			if int32(b) == w.s.at[i] {
				continue
			}
			hit := false
			for k := range reasons {
				if k != skip && kept[k] && reasons[k].bans(b) {
					hit = true
					break
				}
			}
			if !hit {
				return false
			}
		}
		return true
	}
	kept := make([]bool, len(reasons))
	for k := range kept {
		kept[k] = true
	}
	if !banned(-1, kept) {
		return nil
	}
	// Deletion filter: what is left cannot lose any member. The last reasons go
	// first, so that the most telling stay.
	for k := len(kept) - 1; k >= 0; k-- {
		kept[k] = !banned(k, kept)
	}
	return w.say(reasons, kept, func(b int) bool { return int32(b) != w.s.at[i] })
}

// say finds for every kept reason the bins, of those asked about, that no
// earlier one rules out.
func (w *witness) say(reasons []reason, kept []bool, about func(b int) bool) []string {
	ruled := make([][]int, len(reasons))
	for b := range w.in.bins {
		if !about(b) {
			continue
		}
		for k := range reasons {
			if kept[k] && reasons[k].bans(b) {
				ruled[k] = append(ruled[k], b)
				break
			}
		}
	}
	var out []string
	for k := range reasons {
		if kept[k] && len(ruled[k]) > 0 {
			out = append(out, reasons[k].words(ruled[k]))
		}
	}
	return out
}

// countBins counts bins, with the verb that follows.
func countBins(bins []int, one, many string) string {
	if len(bins) == 1 {
		return "1 bin " + one
	}
	return fmt.Sprintf("%d bins %s", len(bins), many)
}

// spread says in how many locations a group's items could stand, and what keeps
// its least item off the others.
func (w *witness) spread(g int) []string {
	in := w.in
	row := in.constrained[g]
	if row == none || len(in.rowItems[row]) == 0 {
		return nil
	}
	if n := len(in.rowItems[row]); n < int(in.spread[row]) {
		return []string{fmt.Sprintf("it has only %d items", n)}
	}
	room := map[int32]bool{}
	for b := range in.bins {
		for _, i := range in.rowItems[row] {
			if w.s.at[i] == int32(b) || in.admits(i, int32(b)) && w.s.fits(i, int32(b)) {
				room[in.location[b]] = true
				break
			}
		}
	}
	out := []string{fmt.Sprintf("%d of %d locations have room for one of its items", len(room), in.countLocations())}
	least := in.rowItems[row][0]
	for _, i := range in.rowItems[row] {
		if in.size[i] < in.size[least] {
			least = i
		}
	}
	reasons := w.reasons(least)
	all := make([]bool, len(reasons))
	for k := range all {
		all[k] = true
	}
	return append(out, w.say(reasons, all, func(b int) bool { return !room[in.location[b]] })...)
}

// countLocations returns in how many locations there are bins.
func (in *instance) countLocations() int {
	seen := map[int32]bool{}
	for _, l := range in.location {
		seen[l] = true
	}
	return len(seen)
}
