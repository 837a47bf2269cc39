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
	order []groupKey
	// expect is how many series made up an output the last time it left, latest
	// the newest time seen of an entity, both by hashes: a large producer has a
	// million entities.
	expect map[uint64]int32
	latest map[uint64]model.Instant

	entity, producer, series []byte // scratch
}

// groupKey is what one metric stands for.
type groupKey struct {
	entity   model.EntityID
	producer string
	at       model.Instant
}

// hash tells an output of an entity from all others.
func (k *groupKey) hash(output int) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(uint64(output))
	_, _ = d.WriteString(string(k.entity)) // a digest takes everything
	_, _ = d.WriteString("\xff")
	_, _ = d.WriteString(k.producer)
	return d.Sum64()
}

// group holds the sums for one entity at one time.
type group struct{ sums []sum }

// sum is one output as far as it has been added up.
type sum struct {
	output int
	value  float64
	seen   uint64
	// parts are the hashes of the series that have been added.
	parts map[uint64]struct{}
	kind  model.SampleKind
	done  bool
}

// NewMapper returns a mapper for one producer.
func NewMapper(rules *Rules, opt format.Options) *Mapper {
	return &Mapper{rules: rules, opt: opt, open: map[groupKey]*group{}, expect: map[uint64]int32{}, latest: map[uint64]model.Instant{}}
}

// Wants tells whether any output reads a metric of this name.
func (m *Mapper) Wants(name string) bool { return len(m.rules.terms[name]) > 0 }

// Add takes one sample and tells whether any output wants it. Samples that are
// no numbers (stale markers) are wanted but add nothing.
func (m *Mapper) Add(p *format.Point) bool {
	wanted := false
	terms := m.rules.terms[p.Name]
	if len(terms) == 0 {
		return false
	}
	m.series = appendSeries(m.series[:0], p)
	hash := xxhash.Sum64(m.series)
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
		if _, _, known := model.EntityID(m.entity).Split(); !known {
			continue
		}
		value, kind, ok := normalise(p, out.kind)
		if !ok {
			continue
		}
		wanted = true
		if math.IsNaN(value) || math.IsInf(value, 0) {
			continue
		}
		m.add(t, out, p, sum{output: t.output, value: value * t.scale, seen: t.bit, kind: kind}, hash)
	}
	return wanted
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
	if f, ok := unitFactors[unit]; ok {
		return f
	}
	return 1
}

// appendSeries appends what tells a series from all others.
func appendSeries(b []byte, p *format.Point) []byte {
	b = append(b, p.Name...)
	for _, l := range p.Labels {
		b = append(append(append(append(b, 0xff), l.Name...), 0xff), l.Value...)
	}
	return b
}

// add adds a term's part to the sum that it belongs to.
func (m *Mapper) add(t *term, out *output, p *format.Point, part sum, hash uint64) {
	producer := m.opt.Producer
	if len(out.producer) > 0 {
		var ok bool
		if m.producer, ok = out.producer.fill(m.producer[:0], p.Labels); ok {
			producer = string(m.producer)
		}
	}
	key := groupKey{model.EntityID(m.entity), producer, p.At}
	g := m.open[key]
	if g == nil {
		g = &group{}
		m.open[key] = g
		m.order = append(m.order, key)
	}
	if entity := xxhash.Sum64String(string(key.entity)); m.latest[entity] < p.At {
		m.latest[entity] = p.At
	}
	for i := range g.sums {
		if s := &g.sums[i]; s.output == t.output {
			if _, again := s.parts[hash]; !again {
				s.value += part.value
				s.seen |= part.seen
				s.parts[hash] = struct{}{}
			}
			return
		}
	}
	part.parts = map[uint64]struct{}{hash: {}}
	g.sums = append(g.sums, part)
}

// Flush ends a batch: metrics that are complete go to emit in the order of
// their first sample. With last, everything goes that ever will.
func (m *Mapper) Flush(last bool, emit func(model.Metric)) {
	kept := m.order[:0]
	for _, key := range m.order {
		g := m.open[key]
		overdue := last || key.at < m.latest[xxhash.Sum64String(string(key.entity))]
		metric := model.Metric{Fleet: m.opt.Fleet, Entity: key.entity, At: key.at, Producer: key.producer}
		waiting := false
		for i := range g.sums {
			s := &g.sums[i]
			if s.done {
				continue
			}
			if !m.complete(key, s, overdue) {
				waiting = waiting || !overdue
				continue
			}
			s.done = true
			metric.Samples = m.sample(metric.Samples, s)
		}
		if len(metric.Samples) > 0 {
			emit(metric)
		}
		if waiting {
			kept = append(kept, key)
			continue
		}
		delete(m.open, key)
	}
	m.order = kept
	if last {
		clear(m.latest)
	}
}

// complete tells whether a sum can leave, and remembers its size if so.
func (m *Mapper) complete(key groupKey, s *sum, overdue bool) bool {
	if s.seen != m.rules.outputs[s.output].all {
		return false
	}
	out := key.hash(s.output)
	if len(s.parts) < int(m.expect[out]) && !overdue {
		return false
	}
	m.expect[out] = int32(len(s.parts))
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
