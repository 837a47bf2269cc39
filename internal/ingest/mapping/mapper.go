package mapping

import (
	"math"

	"github.com/cespare/xxhash/v2"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// Mapper adds up one producer's series into metrics. It is not safe for
// concurrent use.
//
// A sender may cut a scrape in two. The mapper therefore remembers of how many
// series each output was made the last time; a sum that is still short of that
// waits for the next batch, and leaves as it is once a later time has come. A
// series that is sent again within a sum (a retry, a pair of senders) counts
// once.
type Mapper struct {
	rules *Rules
	opt   format.Options

	open  map[groupKey]*group
	order []*group
	spare []*group // that have left
	// expect is how many series made up an output the last time it left, latest
	// the newest time seen of an entity, both by hashes: a large producer has a
	// million entities.
	expect map[uint64]int32
	latest map[uint64]model.Instant

	one                      mapped // of a series that the parser doesn't know
	entity, producer, series []byte // scratch
}

// NewMapper returns a mapper for one producer.
func NewMapper(rules *Rules, opt format.Options) *Mapper {
	return &Mapper{rules: rules, opt: opt, open: map[groupKey]*group{}, expect: map[uint64]int32{}, latest: map[uint64]model.Instant{}}
}

// Wants tells whether any output reads a metric of this name.
func (m *Mapper) Wants(name string) bool { return len(m.rules.terms[name]) > 0 }

// mapped is what the rules say of one series.
type mapped struct {
	by   *Mapper
	hash uint64 // of the series
	uses []use
}

// use is a part that a series has in an output.
type use struct {
	term  *term
	place *place
}

// place is what outputs are added up for.
type place struct {
	entity   model.EntityID
	producer string
	// hash tells the place from others, of the entity alone.
	hash, of uint64
	recent   *group // opened last; it may have left
}

// Add takes one sample and tells whether any output wants it. Samples that are
// no numbers (stale markers) are wanted but add nothing.
func (m *Mapper) Add(p *format.Point) bool {
	wanted := false
	s := m.of(p)
	for i := range s.uses {
		u := &s.uses[i]
		value, kind, ok := normalise(p, m.rules.outputs[u.term.output].kind)
		if !ok {
			continue
		}
		wanted = true
		if math.IsNaN(value) || math.IsInf(value, 0) {
			continue
		}
		m.groupOf(u.place, p.At).add(u.term, value*u.term.scale, kind, s.hash)
	}
	return wanted
}

// of returns what the rules say of a point's series.
func (m *Mapper) of(p *format.Point) *mapped {
	if p.Series == nil {
		m.series = p.AppendIdentity(m.series[:0])
		m.one.hash, m.one.uses = xxhash.Sum64(m.series), m.uses(m.one.uses[:0], p)
		return &m.one
	}
	if s, ok := p.Series.Mapped.(*mapped); ok && s.by == m {
		return s
	}
	s := &mapped{by: m, hash: p.Series.Hash, uses: m.uses(nil, p)}
	p.Series.Mapped = s
	return s
}

// uses appends the parts that a point's series has.
func (m *Mapper) uses(to []use, p *format.Point) []use {
	terms := m.rules.terms[p.Name]
	for i := range terms {
		t := &terms[i]
		if !t.matches(p.Labels) {
			continue
		}
		out := &m.rules.outputs[t.output]
		var ok bool
		if m.entity, ok = out.entity.fill(m.entity[:0], p.Labels); !ok {
			continue
		}
		entity := model.EntityID(m.entity)
		if _, _, known := entity.Split(); !known {
			continue
		}
		producer := m.opt.Producer
		if len(out.producer) > 0 {
			if m.producer, ok = out.producer.fill(m.producer[:0], p.Labels); ok {
				producer = string(m.producer)
			}
		}
		to = append(to, use{t, m.placeOf(entity, producer, p.At)})
	}
	return to
}

// normalise brings a value to bytes or seconds and says how it is to be read.
func normalise(p *format.Point, kind model.SampleKind) (float64, model.SampleKind, bool) {
	value := p.Value * unitFactor(p.Unit)
	if p.Type != format.TypeDelta {
		return value, kind, true
	}
	if p.IntervalMillis <= 0 {
		return 0, kind, false
	}
	if kind == model.Counter {
		return value * 1000 / float64(p.IntervalMillis), model.Gauge, true
	}
	return value, kind, true
}

// unitFactors bring UCUM units, as OpenTelemetry writes them, to bytes and seconds.
var unitFactors = map[string]float64{
	"KiBy": 1 << 10, "MiBy": 1 << 20, "GiBy": 1 << 30, "TiBy": 1 << 40,
	"kBy": 1e3, "MBy": 1e6, "GBy": 1e9, "TBy": 1e12,
	"ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60, "h": 3600,
	"m{cpu}": 1e-3, "n{cpu}": 1e-9, "bit": 0.125, "kbit": 125,
}

func unitFactor(unit string) float64 {
	if unit == "" {
		return 1
	}
	if f, ok := unitFactors[unit]; ok {
		return f
	}
	return 1
}

// Open is how many metrics may leave with the next Flush.
func (m *Mapper) Open() int { return len(m.order) }

// Flush ends a batch: metrics that are complete go to emit in the order of
// their first sample. With last, everything goes that ever will.
func (m *Mapper) Flush(last bool, emit func(model.Metric)) {
	kept := m.order[:0]
	for _, g := range m.order {
		overdue := last || g.at < m.latest[g.place.of]
		var samples []model.Sample
		waiting := false
		for i := range g.sums {
			s := &g.sums[i]
			if s.done {
				continue
			}
			if !m.complete(g, s, overdue) {
				waiting = waiting || !overdue
				continue
			}
			s.done = true
			if samples == nil {
				samples = make([]model.Sample, 0, len(g.sums))
			}
			samples = m.sample(samples, s)
		}
		if len(samples) > 0 {
			emit(model.Metric{Fleet: m.opt.Fleet, Entity: g.place.entity, At: g.at, Producer: g.place.producer, Samples: samples})
		}
		if waiting {
			kept = append(kept, g)
			continue
		}
		m.drop(g)
	}
	clear(m.order[len(kept):])
	m.order = kept
	if last {
		clear(m.latest)
	}
}

// complete tells whether a sum can leave, and remembers its size if so.
func (m *Mapper) complete(g *group, s *sum, overdue bool) bool {
	if s.seen != m.rules.outputs[s.output].all {
		return false
	}
	out, n := g.place.hash^uint64(s.output+1)*0x9e3779b97f4a7c15, int32(s.parts.len())
	expected := m.expect[out]
	if n < expected && !overdue {
		return false
	}
	if n != expected {
		m.expect[out] = n
	}
	return true
}

// sample appends a sum, unless an output before it gave the same resource.
func (m *Mapper) sample(samples []model.Sample, s *sum) []model.Sample {
	resource := m.rules.outputs[s.output].resource
	for _, have := range samples {
		if have.Resource == resource {
			return samples
		}
	}
	// Differences (total minus available) may fall below zero by rounding.
	return append(samples, model.Sample{Resource: resource, Kind: s.kind, Value: max(s.value, 0)})
}
