package stream

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

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

// childTrace returns the traceparent of a record that another caused: the same
// trace, and a span named after the record's id, so that a repeat has the same.
func childTrace(parent string, id identity) string {
	parts := strings.Split(parent, "-")
	if len(parts) != 4 || len(parts[1]) != 32 || len(parts[3]) != 2 {
		return ""
	}
	span := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d", id.source, id.offset, id.index))
	return "00-" + parts[1] + "-" + hex.EncodeToString(span[:8]) + "-" + parts[3]
}
