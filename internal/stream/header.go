package stream

import (
	"encoding/binary"
	"strconv"

	"github.com/cespare/xxhash/v2"
	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/telemetry"
)

// The record headers. src, off and idx are a record's deterministic id: the
// input that caused it ("stage/topic/partition"), that record's offset, and the
// place among what it caused. A stage that reads its input again after a crash
// sends the same ids again, and readers drop what they have seen. traceparent
// is W3C Trace Context's.
const (
	headerSource = "src"
	headerOffset = "off"
	headerIndex  = "idx"
	headerTrace  = "traceparent"
)

// identity is a record's deterministic id. The zero value is none.
type identity struct {
	source string
	offset int64
	index  int64
}

// before tells whether i stands at or before j, which is of the same source.
func (i identity) upTo(j identity) bool {
	return i.offset < j.offset || i.offset == j.offset && i.index <= j.index
}

func (i identity) headers() []kgo.RecordHeader {
	return []kgo.RecordHeader{
		{Key: headerSource, Value: []byte(i.source)},
		{Key: headerOffset, Value: strconv.AppendInt(nil, i.offset, 10)},
		{Key: headerIndex, Value: strconv.AppendInt(nil, i.index, 10)},
	}
}

// identityOf reads the id from a record's headers; ok is false where there is
// none. A damaged one is as good as none: the record is then taken as new.
func identityOf(headers []kgo.RecordHeader) (i identity, ok bool) {
	found := 0
	for _, h := range headers {
		var err error
		switch h.Key {
		case headerSource:
			i.source = string(h.Value)
		case headerOffset:
			i.offset, err = strconv.ParseInt(string(h.Value), 10, 64)
		case headerIndex:
			i.index, err = strconv.ParseInt(string(h.Value), 10, 64)
		default:
			continue
		}
		if err != nil {
			return identity{}, false
		}
		found++
	}
	return i, found == 3
}

func header(headers []kgo.RecordHeader, key string) string {
	for _, h := range headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// issuer gives what one input record causes its ids and traces.
type issuer struct {
	source, offset []byte
	trace          []byte // traceparent; nil: none
	seed           uint64 // of span ids
}

// newIssuer takes the traceparent of the input; one that is none is left out.
func newIssuer(source []byte, offset int64, parent string) issuer {
	s := issuer{source: source, offset: strconv.AppendInt(nil, offset, 10), seed: mix(xxhash.Sum64(source) ^ uint64(offset))}
	if c, ok := telemetry.ParseContext(parent); ok {
		c.Span = spanOf(s.seed)
		s.trace = []byte(c.String())
	}
	return s
}

// spanOf makes a span's id of a number.
func spanOf(n uint64) (id [8]byte) {
	binary.BigEndian.PutUint64(id[:], max(1, n))
	return id
}

// follow returns the context of the record at a place among what the input causes
// that follows from something else than the input.
func (s *issuer) follow(index int64, parent telemetry.Context) telemetry.Context {
	parent.Span = spanOf(mix(s.seed ^ binary.BigEndian.Uint64(parent.Trace[:8]) ^ uint64(index)))
	return parent
}

// headers returns those of the record at a place among what the input causes. The
// span is that of the input's handling, whose id is made of the input's place, so
// that a repeat has the same; from, where not empty, is the traceparent of what
// the record follows from instead.
func (s *issuer) headers(index int64, from string) []kgo.RecordHeader {
	return s.appendHeaders(make([]kgo.RecordHeader, 0, mostHeaders), strconv.AppendInt(nil, index, 10), index, from)
}

// mostHeaders is how many a stage's record has.
const mostHeaders = 4

// appendHeaders is headers that appends to dst; text is the index in digits.
func (s *issuer) appendHeaders(dst []kgo.RecordHeader, text []byte, index int64, from string) []kgo.RecordHeader {
	dst = append(dst, kgo.RecordHeader{Key: headerSource, Value: s.source}, kgo.RecordHeader{Key: headerOffset, Value: s.offset},
		kgo.RecordHeader{Key: headerIndex, Value: text})
	trace := s.trace
	if parent, ok := telemetry.ParseContext(from); ok {
		trace = []byte(s.follow(index, parent).String())
	}
	if trace == nil {
		return dst
	}
	return append(dst, kgo.RecordHeader{Key: headerTrace, Value: trace})
}

// mix spreads a number over all bits (Steele, Lea and Flood's SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
