package stream

import (
	"errors"
	"strconv"

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
	letter.Message = validText(letter.Message)
	for _, h := range rec.Headers {
		if letter.Headers == nil {
			letter.Headers = map[string][]byte{}
		}
		letter.Headers[validText(h.Key)] = h.Value
	}
	return letter
}

// deadLetterRecord returns the record of a dead letter. Its key is the origin's
// place, under the fleet of the origin's key, so that a repeat after a crash has
// the same key.
func (c *Connection) deadLetterRecord(letter model.DeadLetter) (*kgo.Record, error) {
	fleet, _, ok := SplitKey(letter.Key)
	if !ok || checkFleet(fleet) != nil || validText(string(fleet)) != string(fleet) {
		fleet = "unknown"
	}
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
