package forecast

import (
	"encoding/binary"
	"fmt"
	"math"

	"drover/internal/model"
)

// GuideBlocks is how many blocks ahead fitted models forecast for a series.
const GuideBlocks = 48

// Guide is what models that are fitted now and then (forecast/ensemble) expect
// of the blocks from an instant on, without events. Between two fits a series
// follows it as one more model, corrected by how far the present lies from it.
type Guide struct {
	Start  model.Instant // of the first block, by the wall clock
	Blocks []float32     // middles; at most GuideBlocks
	// Shares are the fitted models' weights in 255ths, in the order of the
	// registry: told by Explain.
	Shares []byte
}

// guides are the newest guide and the one that is being judged: a guide is
// judged over all its length before the next one's turn comes, so that the
// longest lead is judged with what was known at its origin.
type guides struct {
	block         int64
	newest, trial Guide
	seen          [maxBlocks]float32 // targets the guide was judged at, by lead
	error         [maxBlocks]float32 // decayed mean absolute error
}

// covers tells whether a guide says something of an instant of the wall clock.
func (g *Guide) covers(at model.Instant, block int64) bool {
	return len(g.Blocks) > 0 && int64(at) < int64(g.Start)+int64(len(g.Blocks))*block
}

// at returns the guide's value at an instant of the wall clock, on the line
// between the blocks' middles. bin is the width of what is asked for.
func (g *Guide) at(at model.Instant, bin, block int64) float64 {
	x := (float64(int64(at-g.Start))+float64(bin)/2)/float64(block) - 0.5
	i := int(math.Floor(x))
	low := float64(g.Blocks[min(max(i, 0), len(g.Blocks)-1)])
	high := float64(g.Blocks[min(max(i+1, 0), len(g.Blocks)-1)])
	return low + float64((x-math.Floor(x))*(high-low))
}

// History is what the series keeps of its past, or nil (Config.Blocks).
func (s *Series) History() *History { return s.history }

// SetGuide gives the series what the fitted models expect from now on. A guide
// of nothing or of what is no number is passed over.
func (s *Series) SetGuide(g Guide) {
	if s.guides == nil || len(g.Blocks) == 0 || len(g.Blocks) > GuideBlocks {
		return
	}
	for _, v := range g.Blocks {
		if !(math.Abs(float64(v)) <= maxObserved) {
			return
		}
	}
	s.guides.newest = g
	if s.guides.trial.Start == g.Start || !s.guides.trial.covers(s.lay.zone.Wall(s.last+model.Instant(s.lay.bin)), s.guides.block) {
		s.guides.trial = g
	}
}

// Guided is when the newest guide begins; ok is false where there is none.
func (s *Series) Guided() (start model.Instant, ok bool) {
	if s.guides == nil || len(s.guides.newest.Blocks) == 0 {
		return 0, false
	}
	return s.lay.zone.Instant(s.guides.newest.Start), true
}

// GuideShares are the fitted models' weights in the newest guide, in 255ths and
// in the order of the registry; nil where there is none.
func (s *Series) GuideShares() []byte {
	if s.guides == nil {
		return nil
	}
	return s.guides.newest.Shares
}

// follow returns what a guide says of a target, by the wall clock, corrected by what is left of
// the origin's distance from it. fast is the smoothed distance of the values
// from base at the origin.
func (s *Series) follow(g *Guide, wall, origin model.Instant, keep, fast float64) float64 {
	return g.at(wall, s.lay.bin, s.guides.block) + float64(keep*s.distance(g, origin, fast))
}

// distance is how far the values are from a guide at an origin.
func (s *Series) distance(g *Guide, origin model.Instant, fast float64) float64 {
	from := s.lay.zone.Wall(origin)
	return s.baseOn(from) + fast - g.at(from, s.lay.bin, s.guides.block)
}

// judgeGuide compares what the guide on trial said of a target from the origin
// at one lead with what came.
func (s *Series) judgeGuide(i int, y, quiet float64) {
	g := s.guides
	g.error[i] = average(g.error[i], math.Abs(quiet-y), float64(g.seen[i]), 1-s.lay.memory)
	g.seen[i] = min(g.seen[i]+1, 1e6)
}

// onTrial returns the guide on trial where it was there at the origin of a
// target, which stands at wall by the clock, that it covers.
func (s *Series) onTrial(i int, at, wall model.Instant) (g *Guide, origin model.Instant) {
	origin = at - model.Instant(int64(s.lay.leads[i])*s.lay.bin)
	if !s.guides.trial.covers(wall, s.guides.block) || s.lay.zone.Wall(origin) < s.guides.trial.Start {
		return nil, origin
	}
	return &s.guides.trial, origin
}

// share is the weight of the guide at a lead, given the least error among
// the streaming models and the sum of their inverse third powers relative to it.
// Until it has been judged it is believed to be a little worse than the best.
func (g *guides) share(i int, least, others float64) float64 {
	if !(least > 0) || math.IsInf(least, 0) {
		return 0
	}
	const belief, doubt = 12, 1.1
	n := float64(g.seen[i])
	e := (n*float64(g.error[i]) + belief*doubt*least) / (n + belief)
	r := least / max(e, least*0.2)
	w := r * r * r
	return w / (w + others)
}

// AppendMemory appends history and guides: what a series has beyond its
// streaming state. Nothing is appended where it keeps nothing.
func (s *Series) AppendMemory(b []byte) []byte {
	if s.history == nil {
		return b
	}
	b = s.history.appendBinary(b)
	for _, g := range []*Guide{&s.guides.newest, &s.guides.trial} {
		b = binary.AppendVarint(b, int64(g.Start))
		b = binary.AppendUvarint(b, uint64(len(g.Blocks)))
		for _, v := range g.Blocks {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		b = binary.AppendUvarint(b, uint64(len(g.Shares)))
		b = append(b, g.Shares...)
	}
	for i := range s.guides.seen {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(s.guides.seen[i]))
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(s.guides.error[i]))
	}
	return b
}

// UnmarshalMemory reads what AppendMemory wrote, into a series that keeps as
// many blocks or more. On an error, which wraps ErrState,
// the memory is as it was.
func (s *Series) UnmarshalMemory(b []byte) error {
	if s.history == nil {
		if len(b) == 0 {
			return nil
		}
		return fmt.Errorf("%w: a memory of %d bytes for a series that keeps none", ErrState, len(b))
	}
	if s.history.empty() { // nothing to keep where the memory can't be read
		if err := s.readMemory(s.history, b); err != nil {
			s.history = newHistory(s.history.block, s.history.blocks)
			return err
		}
		return nil
	}
	return s.readMemory(newHistory(s.history.block, s.history.blocks), b)
}

// readMemory reads into h, which becomes the series' own once all was read.
func (s *Series) readMemory(h *History, b []byte) error {
	g := &guides{block: s.guides.block}
	b, err := h.read(b)
	if err != nil {
		return err
	}
	for _, one := range []*Guide{&g.newest, &g.trial} {
		if b, err = one.read(b); err != nil {
			return err
		}
	}
	if len(b) != 8*maxBlocks {
		return fmt.Errorf("%w: %d bytes after the guides", ErrState, len(b))
	}
	for i := range g.seen {
		g.seen[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[8*i:]))
		g.error[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[8*i+4:]))
		if !(g.seen[i] >= 0 && g.seen[i] <= 1e6 && g.error[i] >= 0 && g.error[i] <= maxValue) {
			return fmt.Errorf("%w: a guide's errors are out of range", ErrState)
		}
	}
	s.history, s.guides = h, g
	return nil
}

func (g *Guide) read(b []byte) (rest []byte, err error) {
	start, b, ok := varint(b)
	if !ok {
		return nil, fmt.Errorf("%w: a guide is cut short", ErrState)
	}
	g.Start = model.Instant(start)
	if g.Blocks, b, ok = float32s(b, GuideBlocks); !ok {
		return nil, fmt.Errorf("%w: a guide is cut short", ErrState)
	}
	for _, v := range g.Blocks {
		if v != v {
			return nil, fmt.Errorf("%w: a guide holds what is no number", ErrState)
		}
	}
	n, b, ok := uvarint(b)
	if !ok || n > 64 || n > uint64(len(b)) {
		return nil, fmt.Errorf("%w: a guide is cut short", ErrState)
	}
	g.Shares = append([]byte(nil), b[:n]...)
	if n == 0 {
		g.Shares = nil
	}
	return b[n:], nil
}
