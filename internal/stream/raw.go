package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/codec"
)

// Raw is a record as it stands on Kafka, undecoded.
type Raw struct {
	Topic     string // logical
	Partition int32
	Offset    int64
	Time      time.Time // of the record, by its producer's clock
	Key       []byte
	Value     []byte // nil: a tombstone
	Headers   []RawHeader
}

// RawHeader is one header of a record.
type RawHeader struct {
	Key   string
	Value []byte
}

// Bound is one end of a range of records: a time, offsets by topic and partition,
// or neither (the log's own end).
type Bound struct {
	Time    time.Time
	Offsets map[string]map[int32]int64
}

// Before tells whether a record lies before a given bound.
func (b Bound) Before(r Raw) bool {
	if at, ok := b.Offsets[r.Topic][r.Partition]; ok {
		return r.Offset < at
	}
	return !b.Time.IsZero() && r.Time.Before(b.Time)
}

// Given tells whether the bound says something of a record's partition.
func (b Bound) Given(r Raw) bool {
	_, ok := b.Offsets[r.Topic][r.Partition]
	return ok || !b.Time.IsZero()
}

// resolve returns the bound as offsets; those of other are the log's own end.
func (b Bound) resolve(ctx context.Context, admin *kadm.Client, c *Connection, names []string, other kadm.ListedOffsets) (map[place]int64, error) {
	listed := other
	if !b.Time.IsZero() {
		var err error
		if listed, err = admin.ListOffsetsAfterMilli(ctx, b.Time.UnixMilli(), names...); err != nil {
			return nil, fmt.Errorf("offsets at %v: %w", b.Time, err)
		}
	}
	out := map[place]int64{}
	var failed error
	listed.Each(func(o kadm.ListedOffset) {
		if o.Err != nil {
			failed = errors.Join(failed, c.explain(fmt.Errorf("offsets of %s: %w", o.Topic, o.Err), "DESCRIBE", o.Topic))
		}
		at := o.Offset
		if given, ok := b.Offsets[c.logical(o.Topic)][o.Partition]; ok {
			at = given
		}
		out[place{o.Topic, o.Partition}] = at
	})
	return out, failed
}

// ReadRange hands the records of topics between two bounds to fn, partition by
// partition in order, and returns.
func (c *Connection) ReadRange(ctx context.Context, from, to Bound, fn func(Raw) error, topics ...string) error {
	client, err := c.client(kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxBytes(16<<20))
	if err != nil {
		return err
	}
	defer client.Close()
	open, err := c.openRange(ctx, client, from, to, topics)
	if err != nil {
		return err
	}
	return c.readOpen(ctx, client, open, func(r *kgo.Record) error { return fn(c.raw(r)) })
}

// openRange lets the client read a range and returns where each partition ends.
func (c *Connection) openRange(ctx context.Context, client *kgo.Client, from, to Bound, topics []string) (map[place]int64, error) {
	admin, names := kadm.NewClient(client), c.names(topics)
	starts, err := admin.ListStartOffsets(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	ends, err := admin.ListCommittedOffsets(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	first, err := from.resolve(ctx, admin, c, names, starts)
	if err != nil {
		return nil, fmt.Errorf("read: from: %w", err)
	}
	last, err := to.resolve(ctx, admin, c, names, ends)
	if err != nil {
		return nil, fmt.Errorf("read: to: %w", err)
	}
	open, assign := map[place]int64{}, map[string]map[int32]kgo.Offset{}
	ends.Each(func(o kadm.ListedOffset) {
		at := place{o.Topic, o.Partition}
		start, _ := starts.Lookup(o.Topic, o.Partition)
		begin, end := max(first[at], start.Offset), min(last[at], o.Offset)
		if begin >= end {
			return
		}
		open[at] = end
		if assign[o.Topic] == nil {
			assign[o.Topic] = map[int32]kgo.Offset{}
		}
		assign[o.Topic][o.Partition] = kgo.NewOffset().At(begin)
	})
	client.AddConsumePartitions(assign)
	return open, nil
}

func (c *Connection) raw(r *kgo.Record) Raw {
	out := Raw{Topic: c.logical(r.Topic), Partition: r.Partition, Offset: r.Offset, Time: r.Timestamp, Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, RawHeader(h))
	}
	return out
}

// Entry decodes a record.
func (c *Connection) Entry(r Raw) Entry { return c.entry(c.record(r), c.codec.DecodeRecord) }

// EntryOf decodes a record by a codec, where there is no connection.
func EntryOf(words *codec.Codec, r Raw) Entry {
	return entryOf(r.Topic, recordOf(r.Topic, r), words.DecodeRecord)
}

func (c *Connection) record(r Raw) *kgo.Record { return recordOf(c.Name(r.Topic), r) }

func recordOf(topic string, r Raw) *kgo.Record {
	out := &kgo.Record{Topic: topic, Partition: r.Partition, Offset: r.Offset, Timestamp: r.Time, Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, kgo.RecordHeader(h))
	}
	return out
}

// PublishRaw sends records as they are, each into its own partition, and waits
// until all are durable.
func (p *Producer) PublishRaw(ctx context.Context, records []Raw) error {
	if len(records) == 0 {
		return nil
	}
	out := make([]*kgo.Record, len(records))
	for i, r := range records {
		n, err := p.partitions(ctx, r.Topic)
		if err != nil {
			return err
		}
		if r.Partition >= n {
			return fmt.Errorf("publish: topic %s has %d partitions and the record is of partition %d: create it with as many as it had", p.conn.Name(r.Topic), n, r.Partition)
		}
		out[i] = p.conn.record(r)
	}
	if err := p.client.ProduceSync(ctx, out...).FirstErr(); err != nil {
		return p.conn.explain(fmt.Errorf("publish: %w", err), "WRITE", out[0].Topic)
	}
	return nil
}
