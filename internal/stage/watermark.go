package stage

import (
	"maps"
	"time"

	"drover/internal/model"
)

// Watermark follows event time in one partition of one topic: the least
// heartbeat of the live producers, or the least marker of the sources. Data
// never advances it, and it never goes back. The zero value is ready to use.
//
// A producer whose heartbeat lies more than SilentAfter behind the newest one
// in the same partition no longer holds the watermark back: the newer heartbeat
// is the event that says so, hence a replay decides the same.
type Watermark struct {
	SilentAfter time.Duration `json:"-"` // zero: a producer never falls silent
	Producers   map[string]model.Instant
	Finals      map[string]bool `json:",omitempty"`
	Sources     map[string]model.Instant
	Need        int // markers that make a tick complete
	Reached     model.Instant
	Known       bool
}

// Fold takes a heartbeat or a marker into account and tells whether the
// watermark moved. Other events change nothing.
func (w *Watermark) Fold(event any) bool {
	switch e := event.(type) {
	case model.Heartbeat:
		return w.heartbeat(e)
	case model.Marker:
		return w.marker(e)
	}
	return false
}

func (w *Watermark) heartbeat(h model.Heartbeat) bool {
	if w.Producers == nil {
		w.Producers, w.Finals = map[string]model.Instant{}, map[string]bool{}
	}
	w.Producers[h.Producer] = max(w.Producers[h.Producer], h.At)
	w.Finals[h.Producer] = h.Final
	newest := h.At
	for _, at := range w.Producers {
		newest = max(newest, at)
	}
	least, any := newest, false
	for p, at := range w.Producers {
		if w.Finals[p] || w.SilentAfter > 0 && newest.Sub(at) > w.SilentAfter {
			continue
		}
		any = true
		least = min(least, at)
	}
	if !any {
		least = newest
	}
	return w.advance(least)
}

func (w *Watermark) marker(m model.Marker) bool {
	if w.Sources == nil {
		w.Sources = map[string]model.Instant{}
	}
	w.Sources[m.Source] = max(w.Sources[m.Source], m.At)
	w.Need = max(w.Need, m.Sources)
	if len(w.Sources) < w.Need {
		return false
	}
	least := w.Sources[m.Source]
	for _, at := range w.Sources {
		least = min(least, at)
	}
	return w.advance(least)
}

func (w *Watermark) advance(to model.Instant) bool {
	if w.Known && to <= w.Reached {
		return false
	}
	w.Reached, w.Known = to, true
	return true
}

// At returns the watermark; ok is false before it is known.
func (w *Watermark) At() (at model.Instant, ok bool) { return w.Reached, w.Known }

// Clone returns a copy that shares nothing.
func (w *Watermark) Clone() Watermark {
	c := *w
	c.Producers, c.Sources, c.Finals = maps.Clone(w.Producers), maps.Clone(w.Sources), maps.Clone(w.Finals)
	return c
}

// Ticker turns a moving watermark into ticks: the multiples of Interval that it
// has passed, each once, from the first one after the watermark became known.
type Ticker struct {
	Interval time.Duration `json:"-"`
	Last     model.Instant
	Started  bool
}

// Passed returns the next tick that watermark has reached, in order; ok is
// false when there is none. The first tick is the watermark's own bin's start.
func (t *Ticker) Passed(watermark model.Instant) (tick model.Instant, ok bool) {
	if !t.Started {
		t.Started, t.Last = true, watermark.Floor(t.Interval)
		return t.Last, true
	}
	if next := t.Last.Add(t.Interval); next <= watermark {
		t.Last = next
		return next, true
	}
	return 0, false
}
