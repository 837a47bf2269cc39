package solver

import "slices"

// in.near lists, for every bin, the others at the least distance from it, where
// these are few: an item that must leave pays least there, and a random bin is
// rarely one of them.

// A list has at most nearMost bins, and the least distance counts as near where
// at most one bin in nearShare has it. One draw in nearDraws is from the list or
// the start, half of them the start; where fees are cooled all but one in farDraws
// are, one in homeDraws of them the start.
const (
	nearMost  = 64
	nearShare = 4
	nearDraws = 4
	farDraws  = 32
	homeDraws = 8
)

// findNear fills in.near, or leaves it empty where distances tell nothing.
func (in *instance) findNear() {
	if in.moveWeight == 0 || !in.rising {
		return
	}
	lists := make([][]int32, in.bins)
	for a := range int32(in.bins) {
		least, list := int64(-1), []int32(nil)
		for b := range int32(in.bins) {
			d := in.moveDistance(a, b)
			if b == a || least >= 0 && d > least {
				continue
			}
			if d < least || least < 0 {
				least, list = d, list[:0]
			}
			list = append(list, b)
		}
		if len(list)*nearShare > in.bins {
			return
		}
		lists[a] = thin(list)
	}
	in.near = lists
}

// thin keeps at most nearMost bins of a list, evenly.
func thin(list []int32) []int32 {
	if n := len(list); n > nearMost {
		for k := range nearMost {
			list[k] = list[k*n/nearMost]
		}
		list = list[:nearMost]
	}
	return slices.Clip(list)
}

// nearBin draws for item i, in some of all draws, its start or a bin near it.
func (l *lane) nearBin(i int32) int32 {
	in := l.in
	home := in.start[i]
	if in.near == nil || home < 0 || !l.nearby {
		return none
	}
	k := l.rng.next()
	far, goHome := k%nearDraws != 0, k&nearDraws == 0
	if l.fees {
		far, goHome = k%farDraws == 0, k/farDraws%homeDraws == 0
	}
	if far {
		return none
	}
	list := in.near[home]
	if n := uint64(len(list)); n > 0 && (!goHome || l.s.at[i] == home) {
		return list[(k>>32)*n>>32]
	}
	return home
}
