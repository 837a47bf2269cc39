package netmap

import (
	"math"
	"slices"

	"drover/internal/model"
)

// sampleLimit is how many round-trip times a pair keeps: those of its last ten
// or so traceroutes.
const sampleLimit = 32

// node is the index of a server, target or router of a fleet.
type node uint32

// samples holds the last round-trip times in microseconds, in no order that
// matters to a reader: next is where the following one goes once it is full.
type samples struct {
	micros []uint32
	next   int
}

// add takes a sample, in the place of the oldest where it is full.
func (s *samples) add(micros uint32) {
	if len(s.micros) < sampleLimit {
		s.micros = append(s.micros, micros)
		return
	}
	s.micros[s.next] = micros
	s.next = (s.next + 1) % sampleLimit
}

// quantile returns the q-quantile in microseconds, interpolated between samples;
// 0 where there are none.
func (s *samples) quantile(q float64) float64 {
	if len(s.micros) == 0 {
		return 0
	}
	sorted := slices.Clone(s.micros)
	slices.Sort(sorted)
	place := q * float64(len(sorted)-1)
	i := int(place)
	if i == len(sorted)-1 {
		return float64(sorted[i])
	}
	return float64(sorted[i]) + (place-float64(i))*(float64(sorted[i+1])-float64(sorted[i]))
}

// pair is what is kept of a measured pair: a server and a target.
type pair struct {
	from, to node
	rtt      samples
	median   float64 // of rtt, in microseconds; 0: never reached
	// sent and lost are decayed numbers of probes to the target, as of at.
	sent, lost float64
	at         model.Instant // the newest path
	reached    model.Instant // the newest path that reached the target; 0: none
	routes     routes
	dirty      bool // seen since the last Changed
	stale      bool // readers were told that it is no longer measured
}

// observe folds a path's end-to-end result.
func (p *pair) observe(at model.Instant, micros []uint32, lost int, halfLifeMillis float64) {
	sent := float64(len(micros) + lost)
	weight := 1.0
	if at >= p.at {
		fade := math.Exp2(-float64(at-p.at) / halfLifeMillis)
		p.sent, p.lost, p.at = p.sent*fade, p.lost*fade, at
	} else {
		weight = math.Exp2(-float64(p.at-at) / halfLifeMillis)
	}
	p.sent += weight * sent
	p.lost += weight * float64(lost)
	if len(micros) == 0 {
		return
	}
	p.reached = max(p.reached, at)
	for _, m := range micros {
		p.rtt.add(m)
	}
	p.median = p.rtt.quantile(0.5)
}

// lossPPM returns the share of probes without an answer.
func (p *pair) lossPPM() int64 {
	if p.sent <= 0 {
		return 0
	}
	return int64(math.Round(1e6 * p.lost / p.sent))
}

// spread returns half the width of the middle 80 % of the samples.
func (s *samples) spread() float64 { return (s.quantile(0.9) - s.quantile(0.1)) / 2 }

// measured tells whether the pair's round-trip time is known and fresh.
func (p *pair) measured(at model.Instant, cfg *Config) bool {
	return p.reached != 0 && at-p.reached <= model.Instant(cfg.StaleAfter.Milliseconds())
}

// leg is the round-trip time of a part of routes: from a server to a router on
// its way, or (a tail) what is left from a router to a target.
type leg struct {
	from, to node
	rtt      samples
	// median of the samples in microseconds, negative while it is not known. A
	// router that is slow to answer lengthens legs and shortens tails by the same:
	// sums of both hold.
	median float64
}

// add takes samples.
func (l *leg) add(micros ...uint32) {
	for _, v := range micros {
		l.rtt.add(v)
	}
	l.median = -1
}

// typical returns the median of the samples in microseconds.
func (l *leg) typical() float64 {
	if l.median < 0 {
		l.median = l.rtt.quantile(0.5)
	}
	return l.median
}
