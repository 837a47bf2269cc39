package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/model"
)

// Entry is one record as a reader outside the loop sees it.
type Entry struct {
	Topic     string // logical
	Partition int32
	Offset    int64
	Time      time.Time // of the record, by its producer's clock
	Fleet     model.FleetID
	Key       string // without the fleet
	Trace     string // traceparent; empty: none
	Event     any    // nil where Err says why
	Err       error
	// Value is the record's payload as it is on the wire.
	Value []byte
	// Headers are the record's, as they are on the wire.
	Headers []kgo.RecordHeader
}

// identity returns the record's deterministic id.
func (e Entry) identity() (identity, bool) { return identityOf(e.Headers) }

// ID returns the record's deterministic id as text; empty: it has none. Records
// of the same id in the same partition are repeats of each other.
func (e Entry) ID() string {
	id, ok := e.identity()
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s/%d/%d", id.source, id.offset, id.index)
}

// From says where a reader starts.
type From uint8

// The places to start at.
const (
	FromEnd From = iota // what comes from now on
	FromStart
)

// Tail hands every record of the topics to fn, partition by partition in order,
// until ctx ends (nil) or fn returns an error (that one). It belongs to no
// group: it moves no offsets.
func (c *Connection) Tail(ctx context.Context, from From, fn func(Entry) error, topics ...string) error {
	offset := kgo.NewOffset().AtEnd()
	if from == FromStart {
		offset = kgo.NewOffset().AtStart()
	}
	client, err := c.client(kgo.ConsumeTopics(c.names(topics)...), kgo.ConsumeResetOffset(offset),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxBytes(16<<20))
	if err != nil {
		return err
	}
	defer client.Close()
	decoder := c.codec.NewDecoder()
	for {
		fetches := client.PollRecords(ctx, 10_000)
		if ctx.Err() != nil {
			return nil
		}
		if err := c.fetchError(fetches); err != nil {
			return err
		}
		for it := fetches.RecordIter(); !it.Done(); {
			if err := fn(c.entry(it.Next(), decoder.Decode)); err != nil {
				return err
			}
		}
	}
}

func (c *Connection) names(topics []string) []string {
	out := make([]string, len(topics))
	for i, t := range topics {
		out[i] = c.Name(t)
	}
	return out
}

// entry decodes a record.
func (c *Connection) entry(r *kgo.Record, decode func(string, []byte) (model.FleetID, any, error)) Entry {
	return entryOf(c.logical(r.Topic), r, decode)
}

func entryOf(topic string, r *kgo.Record, decode func(string, []byte) (model.FleetID, any, error)) Entry {
	e := Entry{Topic: topic, Partition: r.Partition, Offset: r.Offset, Time: r.Timestamp,
		Trace: header(r.Headers, headerTrace), Value: r.Value, Headers: r.Headers}
	e.Fleet, e.Key, _ = SplitKey(r.Key)
	if r.Value == nil {
		e.Err = errors.New("a tombstone: the key was removed")
		return e
	}
	_, e.Event, e.Err = decode(e.Topic, r.Value)
	return e
}

// fetchError returns what makes reading on pointless: a right that is missing.
// Everything else is logged by the client and tried again.
func (c *Connection) fetchError(fetches kgo.Fetches) error {
	var out error
	fetches.EachError(func(topic string, partition int32, err error) {
		switch {
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		case errors.Is(err, kgo.ErrClientClosed):
			out = err
		default:
			if explained := c.explain(err, "READ", topic); !errors.Is(err, explained) {
				out = fmt.Errorf("read %s: %w", topic, explained)
				return
			}
			c.log.Warn("reading", "topic", topic, "partition", partition, "error", err)
		}
	})
	return out
}

// ReadAll hands every record that the topics hold now to fn and returns. For a
// compacted topic that is the present: keep the last entry of each key.
func (c *Connection) ReadAll(ctx context.Context, fn func(Entry) error, topics ...string) error {
	client, err := c.client(kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxBytes(16<<20))
	if err != nil {
		return err
	}
	defer client.Close()
	open, err := c.openRange(ctx, client, Bound{}, Bound{}, topics)
	if err != nil {
		return err
	}
	return c.readOpen(ctx, client, open, func(r *kgo.Record) error { return fn(c.entry(r, c.codec.DecodeRecord)) })
}

// readOpen hands the records before each open partition's end to fn, and returns
// when none is open.
func (c *Connection) readOpen(ctx context.Context, client *kgo.Client, open map[place]int64, fn func(*kgo.Record) error) error {
	for len(open) > 0 {
		fetches := client.PollRecords(ctx, 10_000)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.fetchError(fetches); err != nil {
			return err
		}
		for it := fetches.RecordIter(); !it.Done(); {
			r := it.Next()
			at := place{r.Topic, r.Partition}
			end, reading := open[at]
			if reading && r.Offset < end && !r.Attrs.IsControl() {
				if err := fn(r); err != nil {
					return err
				}
			}
			if reading && r.Offset >= end-1 {
				delete(open, at)
				client.PauseFetchPartitions(map[string][]int32{r.Topic: {r.Partition}})
			}
		}
	}
	return nil
}

// place is one partition by the broker's name.
type place struct {
	topic     string
	partition int32
}
