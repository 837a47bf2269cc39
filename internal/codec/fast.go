package codec

import (
	"encoding/binary"
	"math"

	"drover/internal/model"
)

// recent remembers the last text read in one place of a record: the fleet and
// the producer of most records are those of the one before.
type recent struct{ text string }

// get is names.get after a look at the last text.
func (r *recent) get(n *names, b []byte) (string, bool) {
	if r.text == string(b) && len(b) > 0 {
		return r.text, true
	}
	s, ok := n.get(b)
	r.text = s
	return s, ok
}

// metricKind is the place of metrics in the table of events.
var metricKind = kindNamed("drover.Metric")

// fastMetric reads a metric in the form that nearly all have: one block of
// samples and small numbers in one byte. It leaves everything else, wrong values
// too, to the general way, which says what is wrong; what it reads is what that
// would have read.
func (t *topic) fastMetric(r *coder, b []byte) (event any, ok bool) {
	if r.names == nil {
		return nil, false
	}
	fleet, b, ok := fastSpan(b)
	if !ok {
		return nil, false
	}
	producer, b, ok := fastSpan(b)
	if !ok || len(b) == 0 || b[0]&0x81 != 0 || int(b[0]>>1) >= len(t.kinds) || t.kinds[b[0]>>1] != metricKind {
		return nil, false
	}
	entity, b, ok := fastSpan(b[1:])
	if !ok {
		return nil, false
	}
	at, size := binary.Uvarint(b)
	if size <= 0 || size > 9 {
		return nil, false
	}
	b = b[size:]
	if len(b) == 0 || b[0]&0x81 != 0 || b[0] == 0 || len(b) != 2+10*int(b[0]>>1) || b[len(b)-1] != 0 {
		return nil, false
	}
	m := &r.metric
	m.Samples = r.samples.take(int(b[0] >> 1))
	b = b[1:]
	for i := range m.Samples {
		resource, kind := b[0], b[1]
		if resource&1 != 0 || resource>>1 >= byte(model.ResourceCount) || kind > 2 || kind&1 != 0 {
			return nil, false
		}
		m.Samples[i] = model.Sample{Resource: model.Resource(resource >> 1), Kind: model.SampleKind(kind >> 1),
			Value: math.Float64frombits(binary.LittleEndian.Uint64(b[2:10]))}
		b = b[10:]
	}
	m.At = model.Instant(int64(at>>1) ^ -int64(at&1))
	return t.named(r, fleet, producer, entity)
}

// named sets a metric's names and boxes it.
func (t *topic) named(r *coder, fleet, producer, entity []byte) (event any, ok bool) {
	m := &r.metric
	var known [3]bool
	var text string
	text, known[0] = r.recentFleet.get(r.names, fleet)
	m.Fleet, r.fleet = model.FleetID(text), text
	m.Producer, known[1] = r.recentProducer.get(r.names, producer)
	r.producer = m.Producer
	text, known[2] = r.names.get(entity)
	m.Entity = model.EntityID(text)
	if known != [3]bool{true, true, true} {
		return nil, false
	}
	return *m, true
}

// fastSpan takes a text of less than 64 bytes.
func fastSpan(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 || b[0]&0x81 != 0 {
		return nil, nil, false
	}
	n := int(b[0]>>1) + 1
	if n > len(b) {
		return nil, nil, false
	}
	return b[1:n], b[n:], true
}
