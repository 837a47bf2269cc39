package forecast

import (
	"hash/fnv"
	"math"
	"time"

	"drover/internal/model"
)

// Phase says where an instant stands to an event.
type Phase uint8

// The phases whose effects are learned apart.
const (
	Before Phase = iota // up to a day before the start
	During
	After // up to a day after the end
	phaseCount
)

// String returns the phase's word.
func (p Phase) String() string {
	return [...]string{"before", "during", "after", ""}[min(p, phaseCount)]
}

// aroundEvent is how long before and after itself an event may act.
const aroundEvent = model.Instant(24 * time.Hour / time.Millisecond)

// kindEffect is what is remembered of one kind of events: relative effects and
// the bins that they were learned from.
type kindEffect struct {
	kind  uint32 // hash of the kind; 0: free
	mean  [phaseCount]float32
	bins  [phaseCount]float32
	error [phaseCount]float32 // decayed mean absolute deviation of the effect
}

// effect is what events add to one bin.
type effect struct {
	amount float64 // in the series' unit
	doubt  float64 // mean absolute error of the amount
}

// phaseAt returns the phase of an event at an instant.
func phaseAt(e *model.CalendarEvent, at model.Instant) (Phase, bool) {
	switch {
	case e.Cancelled || e.End <= e.Start:
		return 0, false
	case at >= e.Start && at < e.End:
		return During, true
	case at < e.Start && at >= e.Start-aroundEvent:
		return Before, true
	case at >= e.End && at < e.End+aroundEvent:
		return After, true
	}
	return 0, false
}

// kindOf hashes what effects are learned by: the kind, or the name without one.
func kindOf(e *model.CalendarEvent) uint32 {
	word := e.Kind
	if word == "" {
		word = e.Name
	}
	h := fnv.New32a()
	h.Write([]byte(word)) //nolint:errcheck // a hash never fails
	return max(1, h.Sum32())
}

// find returns the place of a kind, or -1.
func (s *Series) find(kind uint32) int {
	for i := range s.kinds {
		if s.kinds[i].kind == kind {
			return i
		}
	}
	return -1
}

// place returns the place of a kind, taking the one learned from least where
// all are in use.
func (s *Series) place(kind uint32) int {
	if i := s.find(kind); i >= 0 {
		return i
	}
	least := 0
	for i := range s.kinds {
		if s.kinds[i].kind == 0 {
			least = i
			break
		}
		if s.kinds[i].bins[During] < s.kinds[least].bins[During] {
			least = i
		}
	}
	s.kinds[least] = kindEffect{kind: kind}
	return least
}

// effectScale is what relative effects are relative to.
func (s *Series) effectScale(base float64) float64 {
	return max(math.Abs(base), float64(s.spread))
}

// uplift adds up the effects of all events at an instant. A stated uplift
// counts for two hours of observations of its own phase.
func (s *Series) uplift(at model.Instant, base float64, calendar []model.CalendarEvent) (sum effect) {
	for i := range calendar {
		e := &calendar[i]
		phase, ok := phaseAt(e, at)
		if !ok {
			continue
		}
		ratio, doubt := s.ratio(e, phase)
		sum.amount += ratio * s.effectScale(base+float64(s.slow))
		sum.doubt += doubt * s.effectScale(base+float64(s.slow))
	}
	return sum
}

// ratio returns the relative effect of one event in one phase and its doubt.
func (s *Series) ratio(e *model.CalendarEvent, phase Phase) (ratio, doubt float64) {
	var n, mean, spread float64
	if k := s.find(kindOf(e)); k >= 0 {
		n = float64(s.kinds[k].bins[phase])
		mean = float64(s.kinds[k].mean[phase])
		spread = float64(s.kinds[k].error[phase])
	}
	stated := 0.0
	if phase == During && e.UpliftPPM != 0 {
		stated = float64(e.UpliftPPM) / 1e6
	}
	belief := float64(2 * s.lay.hour)
	if stated == 0 {
		belief = float64(s.lay.hour) / 4
	}
	ratio = (n*mean + belief*stated) / (n + belief)
	return ratio, spread + math.Abs(ratio)*0.5*belief/(n+belief)
}

// learnEvents moves the effects of the kinds that act at a bin towards what is
// left of the value after the season, the level and the other kinds.
func (s *Series) learnEvents(at model.Instant, base, value float64, calendar []model.CalendarEvent) {
	for i := range calendar {
		e := &calendar[i]
		phase, ok := phaseAt(e, at)
		if !ok || s.seasonsSeen(at) < 1 {
			continue
		}
		scale := s.effectScale(base + float64(s.slow))
		if scale <= 0 {
			continue
		}
		others := s.uplift(at, base, calendar).amount
		own, _ := s.ratio(e, phase)
		left := (value-base-float64(s.slow)-others)/scale + own
		left = min(max(left, -1), 20)
		k := &s.kinds[s.place(kindOf(e))]
		n := float64(k.bins[phase])
		gain := max(1/(n+1), 1/float64(24*s.lay.hour))
		k.error[phase] = average(k.error[phase], math.Abs(left-float64(k.mean[phase])), n, gain)
		k.mean[phase] += float32(gain * (left - float64(k.mean[phase])))
		k.bins[phase] = min(k.bins[phase]+1, 1e6)
	}
}
