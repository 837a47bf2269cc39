package stream

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/codec"
	"drover/internal/model"
	"drover/internal/stage"
)

// The headers of a dead letter repeat what its value says, for people with a
// plain Kafka tool.
const (
	headerOrigin    = "origin"
	headerPartition = "origin-partition"
	headerAt        = "origin-offset"
	headerTime      = "origin-time"
	headerClass     = "class"
	headerReason    = "reason"
)

// newDeadLetter wraps a record with the reason for its refusal.
func newDeadLetter(stageName, topic string, rec *kgo.Record, reason error) model.DeadLetter {
	letter := model.DeadLetter{
		Topic: topic, Partition: rec.Partition, Offset: rec.Offset, At: model.InstantOf(rec.Timestamp),
		Stage: stageName, Class: codec.ClassValue, Message: reason.Error(), Key: rec.Key, Value: rec.Value,
	}
	var typed *codec.Error
	var rejection *stage.Rejection
	switch {
	case errors.As(reason, &typed):
		letter.Class, letter.Message = typed.Class, typed.Err.Error()
	case errors.As(reason, &rejection):
		letter.Class, letter.Message = rejection.Class, rejection.Message
	}
	letter.Message = short(validText(letter.Message), mostReason)
	for _, h := range rec.Headers {
		if letter.Headers == nil {
			letter.Headers = map[string][]byte{}
		}
		letter.Headers[validText(h.Key)] = h.Value
	}
	return letter
}

const (
	// mostReason bounds the reason, which quotes the record.
	mostReason = 2 << 10
	// mostFleet is how long a fleet's name is believed.
	mostFleet = 256
	// headerLeftOut, among a letter's headers, names what was too large to be kept.
	headerLeftOut = "drover-left-out"
)

// fitted leaves out of a letter what would make it larger than any record may be,
// so that a huge record can't stop the stage that refuses it. The whole of it
// stands at its origin until retention takes it.
func fitted(letter model.DeadLetter) model.DeadLetter {
	const room = MaxRecordBytes - 32<<10 // for the reason, twice, and the lengths
	key, headers := len(letter.Key), 0
	for name, value := range letter.Headers {
		headers += len(name) + len(value) + 16
	}
	var out []string
	leave := func(what string, size int) { out = append(out, fmt.Sprintf("%s (%d bytes)", what, size)) }
	if n := len(letter.Value); n+headers+key > room {
		leave("value", n)
		letter.Value = nil
	}
	if key > headers && headers+key > room {
		leave("key", key)
		letter.Key, key = nil, 0
	}
	if headers+key > room {
		leave("headers", headers)
		letter.Headers, headers = nil, 0
	}
	if headers+key > room {
		leave("key", key)
		letter.Key = nil
	}
	if len(out) > 0 {
		left := strings.Join(out, ", ")
		letter.Headers = maps.Clone(letter.Headers)
		if letter.Headers == nil {
			letter.Headers = map[string][]byte{}
		}
		letter.Headers[headerLeftOut] = []byte(left)
		letter.Message += "; too large for a letter and left out: " + left + ", which stand at the origin until retention"
	}
	return letter
}

// deadLetterRecord returns the record of a dead letter. Its key is the origin's
// place, under the fleet of the origin's key, so that a repeat after a crash has
// the same key.
func (c *Connection) deadLetterRecord(letter model.DeadLetter) (*kgo.Record, error) {
	fleet, _, ok := SplitKey(letter.Key)
	if !ok || len(fleet) > mostFleet || checkFleet(fleet) != nil || validText(string(fleet)) != string(fleet) {
		fleet = "unknown"
	}
	letter = fitted(letter)
	value, err := c.codec.Encode(DeadLetters, fleet, letter)
	if err != nil {
		return nil, err
	}
	origin := letter.Topic + "/" + strconv.Itoa(int(letter.Partition)) + "/" + strconv.FormatInt(letter.Offset, 10)
	text := func(key, value string) kgo.RecordHeader { return kgo.RecordHeader{Key: key, Value: []byte(value)} }
	return &kgo.Record{
		Topic: c.Name(DeadLetters), Partition: stage.ByKey, Key: Key(fleet, origin, nil), Value: value,
		Headers: []kgo.RecordHeader{
			text(headerOrigin, letter.Topic),
			text(headerPartition, strconv.Itoa(int(letter.Partition))),
			text(headerAt, strconv.FormatInt(letter.Offset, 10)),
			text(headerTime, letter.At.String()),
			text(headerClass, letter.Class),
			text(headerReason, letter.Message),
		},
	}, nil
}

// validText replaces what is no UTF-8.
func validText(s string) string {
	return string([]rune(s))
}

// short cuts a text to so many bytes at most.
func short(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
