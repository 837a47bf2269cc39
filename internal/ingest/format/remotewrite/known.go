package remotewrite

import (
	"github.com/cespare/xxhash/v2"

	"drover/internal/ingest/format"
)

// mostKnown is how many series of a sender are remembered in each of two
// generations, some 40 MB.
const mostKnown = 50_000

// Known are series of one sender, by the bytes of their labels as they came: what
// has been read, checked and mapped once needs only be looked up from then on. It
// is not safe for concurrent use.
type Known struct {
	wants      func(name string) bool
	young, old map[string]*format.Series
	key        []byte // scratch
}

// NewKnown returns what remembers the series of metrics that are wanted; most of
// what a Prometheus sends is not.
func NewKnown(wants func(name string) bool) *Known {
	return &Known{wants: wants, young: map[string]*format.Series{}}
}

// find returns the series of some label bytes, nil where it is not known.
func (k *Known) find(labels []byte) *format.Series {
	if k == nil {
		return nil
	}
	if s := k.young[string(labels)]; s != nil {
		return s
	}
	s := k.old[string(labels)]
	if s != nil {
		k.keep(string(labels), s)
	}
	return s
}

// Len is how many series are remembered.
func (k *Known) Len() int { return len(k.young) + len(k.old) }

func (k *Known) keep(labels string, s *format.Series) {
	if len(k.young) >= mostKnown {
		k.young, k.old = make(map[string]*format.Series, mostKnown), k.young
	}
	k.young[labels] = s
}

// learn remembers a point's series, whose labels are sound, and gives it to the
// point.
func (k *Known) learn(labels []byte, p *format.Point) {
	if k == nil || !k.wants(p.Name) {
		return
	}
	s := &format.Series{Labels: make(format.Labels, len(p.Labels)), Bytes: p.Labels.Size()}
	text := make([]byte, 0, len(p.Name)+s.Bytes) // one piece for all
	clone := func(v string) string {
		at := len(text)
		text = append(text, v...)
		return view(text[at:])
	}
	s.Name = clone(p.Name)
	for i, l := range p.Labels {
		s.Labels[i] = format.Label{Name: clone(l.Name), Value: clone(l.Value)}
	}
	k.key = p.AppendIdentity(k.key[:0])
	s.Hash = xxhash.Sum64(k.key)
	p.Series, p.Name, p.Labels = s, s.Name, s.Labels
	k.keep(string(labels), s)
}
