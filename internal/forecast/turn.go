package forecast

import (
	"math"

	"drover/internal/forecast/wallclock"
	"drover/internal/model"
)

// Turn brings what a series has learned by the wall clock of another zone, as a
// restored state may have, to the one that it is configured for: seasons are
// turned by the hours between the two, histories and guides are moved. What slots
// of other widths than the difference can't say exactly lies on the line between
// them.
func (s *Series) Turn(from *wallclock.Zone) {
	by := int64(s.lay.zone.Wall(s.last) - from.Wall(s.last))
	if s.count == 0 || by == 0 {
		return
	}
	if s.lay.daySlots > 0 {
		days := s.profile[:s.lay.daySlots]
		s.dayPending.leave(days)
		turned(days, by, s.lay.day)
		turned(s.previous[:s.lay.daySlots], by, s.lay.day)
		s.slot, s.slotSum, s.slotN = -1, 0, 0
		s.turnShape(by)
	}
	if s.lay.weekSlots > 0 {
		weeks := s.weekly[:s.lay.weekSlots]
		s.weekPending.leave(weeks)
		turned(weeks, by, s.lay.week)
	}
	if s.history != nil {
		blocks := int64(math.Round(float64(by) / float64(s.history.block)))
		s.history.move(blocks)
		for _, g := range []*Guide{&s.guides.newest, &s.guides.trial} {
			if len(g.Blocks) > 0 {
				g.Start += model.Instant(blocks * s.history.block)
			}
		}
	}
}

// leave learns what waits for the slot at hand to be left.
func (p *pending) leave(profile []float32) {
	here := int(p.slot)
	profile[here] += p.sum[0]
	profile[(here+1)%len(profile)] += p.sum[1]
	*p = pending{}
}

// turned moves a season's slots to later phases by milliseconds.
func turned(v []float32, by, season int64) {
	before := append([]float32(nil), v...)
	n := len(v)
	for i := range v {
		x := float64(i) - float64(by)/float64(season)*float64(n)
		floor := math.Floor(x)
		w := x - floor
		a, b := before[wrapped(int(floor), n)], before[wrapped(int(floor)+1, n)]
		switch {
		case w < 1e-9 || b != b && w < 0.5:
			v[i] = a
		case a != a && w >= 0.5:
			v[i] = b
		default:
			v[i] = a + float32(w*float64(b-a))
		}
	}
}

func wrapped(i, n int) int { return (i%n + n) % n }

// turnShape moves the usual errors by whole parts of the season.
func (s *Series) turnShape(by int64) {
	n := s.lay.parts
	before := s.shape
	parts := int(math.Round(float64(by) / float64(s.lay.day) * float64(n)))
	for i := range n {
		s.shape[i] = before[wrapped(i-parts, n)]
	}
}

// move numbers the blocks anew.
func (h *History) move(by int64) {
	values, _ := h.Blocks()
	last := h.last + by
	h.count, h.number = 0, h.number+by
	for i, v := range values {
		h.put(last-int64(len(values)-1-i), float32(v))
	}
}
