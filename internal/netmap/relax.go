package netmap

import (
	"math"
	"slices"

	"drover/internal/model"
)

const (
	// firstPasses over all measured pairs bring a small map to rest; later ones
	// follow changes with laterPasses in each Changed.
	firstPasses, laterPasses = 40, 8
	// hiddenShare: one pair in so many is hidden from the shadow coordinates.
	hiddenShare = 5
)

// relax improves the coordinates by passes over the measured pairs in an order
// that changes from pass to pass, with steps that shrink, as in graph drawing by
// stochastic gradient descent (Zheng, Pawar, Goodman 2018). Afterwards it
// measures the error on the pairs that the shadow never saw.
func (f *fleetMap) relax(steps int, at model.Instant, cfg *Config) {
	measured := make([]int32, 0, len(f.pairs))
	for i := range f.pairs {
		if f.pairs[i].median > 0 && f.pairs[i].measured(at, cfg) {
			measured = append(measured, int32(i))
		}
	}
	if len(measured) == 0 {
		return
	}
	passes := laterPasses
	if f.passes < 5*firstPasses {
		passes = firstPasses
	}
	passes = min(passes, max(1, steps/(2*len(measured))))
	for pass := range passes {
		f.passes++
		shuffle(measured, f.passes)
		step := 0.25 * (1 - 0.8*float64(pass)/float64(passes))
		for _, i := range measured[:min(len(measured), max(1, steps/2))] {
			p := &f.pairs[i]
			salt := uint64(p.from)<<32 | uint64(p.to)
			attract(&f.coords[p.from], &f.coords[p.to], p.median, step, salt)
			if !f.hidden(p) {
				attract(&f.shadow[p.from], &f.shadow[p.to], p.median, step, salt)
			}
		}
	}
	f.measureErrors(measured)
}

// hidden tells whether a pair, in both directions, is kept from the shadow.
func (f *fleetMap) hidden(p *pair) bool {
	return mix(uint64(min(p.from, p.to))<<32|uint64(max(p.from, p.to)))%hiddenShare == 0
}

// measureErrors compares the shadow with the pairs that it never saw.
func (f *fleetMap) measureErrors(measured []int32) {
	f.errors = f.errors[:0]
	slices.Sort(measured)
	for _, i := range measured {
		p := &f.pairs[i]
		a, b := &f.shadow[p.from], &f.shadow[p.to]
		if f.hidden(p) && a.placed && b.placed {
			f.errors = append(f.errors, math.Abs(a.distance(b)-p.median)/p.median)
		}
		if len(f.errors) == 1000 {
			break
		}
	}
	slices.Sort(f.errors)
}

// shuffle permutes by Fisher and Yates, with a generator of its own so that the
// order is the same in every build.
func shuffle(list []int32, seed uint64) {
	state := mix(seed)
	for i := len(list) - 1; i > 0; i-- {
		state = mix(state + 0x9e3779b97f4a7c15)
		j := int(state % uint64(i+1))
		list[i], list[j] = list[j], list[i]
	}
}
