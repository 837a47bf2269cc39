package solver

import (
	"fmt"
	"slices"
	"strings"
)

// Technique is a set of parts of the search.
type Technique uint

// The parts of the search that Options.Without can leave out.
const (
	Shifts       Technique = 1 << iota // one item to another bin
	Swaps                              // two items change places
	Relays                             // one item goes home, another takes its room
	Ejections                          // an item is forced onto a bin, what is in its way finds other places
	Repacking                          // several items at once, by constraint propagation
	Clearing                           // a bin is emptied
	Regions                            // parts of the fleet are annealed by themselves at the end
	Homesickness                       // being away costs while it is warm
	Hosts                              // moves are drawn from lists of the bins that could hold an item
	Crowd                              // many lanes walk while it is warm
	Fees                               // a tight fleet is cooled to the scale of fees once these prevail
)

var techniques = []string{"shifts", "swaps", "relays", "ejections", "repacking", "clearing", "regions", "homesickness", "hosts", "crowd", "fees"}

// TechniqueNames lists what ParseTechniques knows.
func TechniqueNames() []string { return slices.Clone(techniques) }

// ParseTechniques reads a set from names.
func ParseTechniques(names []string) (Technique, error) {
	var set Technique
	for _, name := range names {
		k := slices.Index(techniques, name)
		if k < 0 {
			return 0, fmt.Errorf("no part of the search is called %q: want some of %s", name, strings.Join(techniques, ", "))
		}
		set |= 1 << k
	}
	if set&Shifts != 0 && set&Swaps != 0 {
		return 0, fmt.Errorf("shifts and swaps can't both be left out: one of them drives the search")
	}
	return set, nil
}

// mix says which of drawScale draws are which move: below eject ejections, from
// there to repack repackings, and so on; what is left are shifts and swaps.
type mix struct{ eject, repack, clear, relay uint64 }

// Moves are drawn by twelve random bits: schedule.eject x ejectUnit of drawScale
// are ejections, relayDraws are relays, clearDraws empty a bin where that can
// save cost, and once repackFrom of a cooling is over one repacking comes with repackPer ejections.
const (
	drawScale  = 4096
	ejectUnit  = drawScale / 256
	relayDraws = 256
	clearDraws = 16
	repackPer  = 512
	repackFrom = 0.7
)

// mixAt returns the mix at a share of a cooling.
func (l *lane) mixAt(c *schedule, done float64) mix {
	counts := [4]uint64{c.eject * ejectUnit, 0, 0, relayDraws}
	if done > repackFrom {
		counts[1] = counts[0] / repackPer
	}
	if l.in.extras {
		counts[2] = clearDraws
	}
	for k, part := range [4]Technique{Ejections, Repacking, Clearing, Relays} {
		if l.without&part != 0 {
			counts[k] = 0
		}
	}
	m := mix{eject: counts[0]}
	m.repack = m.eject + counts[1]
	m.clear = m.repack + counts[2]
	m.relay = m.clear + counts[3]
	return m
}

// play draws a move and tries it.
func (l *lane) play(m *mix, w *climate) {
	k := l.rng.next() >> 52
	switch {
	case k < m.eject:
		l.tryEject(w)
	case k < m.repack:
		l.tryRepack()
	case k < m.clear:
		l.tryClear(w)
	case k < m.relay:
		l.tryRelay(w)
	case l.without&Swaps != 0 || k&1 == 0 && l.without&Shifts == 0:
		l.tryShifts(w)
	default:
		l.trySwaps(w)
	}
}
