package stream

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/twmb/franz-go/pkg/kgo"
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

// newTrace returns the traceparent of a trace that begins here.
func newTrace() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return "00-" + hex.EncodeToString(b[:16]) + "-" + hex.EncodeToString(b[16:]) + "-01"
}

// issuer gives what one input record causes its ids and traces.
type issuer struct {
	source, offset []byte
	trace          []byte // traceparent up to the span; nil: none
	flags          string // what follows the span
	seed           uint64 // of span ids
}

// newIssuer takes the traceparent of the input; one that is none is left out.
func newIssuer(source []byte, offset int64, parent string) issuer {
	s := issuer{source: source, offset: strconv.AppendInt(nil, offset, 10)}
	if parts := strings.Split(parent, "-"); len(parts) == 4 && len(parts[1]) == 32 && len(parts[3]) == 2 {
		s.trace, s.flags = []byte("00-"+parts[1]+"-"), "-"+parts[3]
		s.seed = mix(xxhash.Sum64(source) ^ uint64(offset))
	}
	return s
}

// headers returns those of the record at a place among what the input causes. Its
// span is named after its id, so that a repeat has the same.
func (s *issuer) headers(index int64) []kgo.RecordHeader {
	out := make([]kgo.RecordHeader, 3, 4)
	out[0] = kgo.RecordHeader{Key: headerSource, Value: s.source}
	out[1] = kgo.RecordHeader{Key: headerOffset, Value: s.offset}
	out[2] = kgo.RecordHeader{Key: headerIndex, Value: strconv.AppendInt(nil, index, 10)}
	if s.trace == nil {
		return out
	}
	span := binary.BigEndian.AppendUint64(nil, max(1, mix(s.seed+uint64(index))))
	trace := make([]byte, 0, len(s.trace)+16+len(s.flags))
	trace = append(hex.AppendEncode(append(trace, s.trace...), span), s.flags...)
	return append(out, kgo.RecordHeader{Key: headerTrace, Value: trace})
}

// mix spreads a number over all bits (Steele, Lea and Flood's SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
