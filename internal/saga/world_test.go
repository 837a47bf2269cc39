package saga_test

import (
	"fmt"

	"drover/internal/model"
)

// host is one of the two servers of a move, as the model checker sees it.
type host struct {
	present  bool
	attached bool // follows the other one and has everything it has
	open     bool // takes writes
}

// site is what a move's commands act on: hosts 0 (From) and 1 (To).
type site struct {
	hosts [2]host
	last  int // the host that was open last: it has every write
	taken int // the highest sequence whose command has been taken
}

func newSite() site { return site{hosts: [2]host{{present: true, open: true}, {}}} }

// act does the next thing that a step's command would do, looking at the world
// only, as drivers do. It says whether the command is done or fails; broken says
// which promise the act has broken.
func (s *site) act(kind model.StepKind, leg model.Leg) (done, failed bool, broken string) {
	x, y := 0, 1
	if leg == model.LegReverse {
		x, y = 1, 0
	}
	from, to := &s.hosts[x], &s.hosts[y]
	switch kind {
	case model.StepProvision:
		return set(&to.present)
	case model.StepReplicate, model.StepCatchUp:
		if to.open || !from.present {
			return false, true, ""
		}
		if !to.present {
			to.present = true
			return false, false, ""
		}
		return set(&to.attached)
	case model.StepCutOver:
		return s.handOver(x, y)
	case model.StepReverseCutOver:
		switch {
		case to.open && !from.present:
			return false, true, ""
		case to.open && !from.attached:
			from.attached = true
			return false, false, ""
		case to.open || s.last == y && !from.open:
			return s.handOver(y, x)
		case from.open:
			return true, false, ""
		}
		return false, false, s.opens(x)
	case model.StepRetire:
		return s.clear(from, to)
	case model.StepStopCatchUp, model.StepDiscardReplica:
		if to.open {
			return false, true, ""
		}
		to.attached = false
	case model.StepDeprovision:
		return s.clear(to, from)
	}
	return true, false, ""
}

// set makes a flag true and says done when it is.
func set(flag *bool) (done, failed bool, broken string) {
	done = *flag
	*flag = true
	return done, false, ""
}

// clear takes a host away while the other one serves.
func (s *site) clear(goes, stays *host) (done, failed bool, broken string) {
	if goes.open || !stays.open {
		return false, true, ""
	}
	*goes = host{}
	stays.attached = false
	return true, false, ""
}

// handOver is one act of the cut-over from host x to host y.
func (s *site) handOver(x, y int) (done, failed bool, broken string) {
	from, to := &s.hosts[x], &s.hosts[y]
	switch {
	case to.open && from.open:
		return false, false, "two take writes"
	case to.open && !from.attached && from.present:
		from.attached = true
	case to.open:
		return true, false, ""
	case !to.attached && !from.open: // give back
		return false, true, s.opens(x)
	case !to.attached:
		return false, true, ""
	case from.open:
		from.open = false
	default:
		return false, false, s.opens(y)
	}
	return false, false, ""
}

// opens lets a host take writes and checks that it may.
func (s *site) opens(h int) string {
	if s.hosts[1-h].open {
		return "two take writes"
	}
	if s.last != h && !s.hosts[h].attached {
		return fmt.Sprintf("host %d is opened without the writes of the other", h)
	}
	if !s.hosts[h].present {
		return fmt.Sprintf("host %d is opened and isn't there", h)
	}
	s.hosts[h].open, s.hosts[h].attached, s.last = true, false, h
	return ""
}

// serving returns the host that takes writes, -1 for none.
func (s *site) serving() int {
	for h := range s.hosts {
		if s.hosts[h].open {
			return h
		}
	}
	return -1
}
