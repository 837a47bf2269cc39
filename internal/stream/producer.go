package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/codec"
	"drover/internal/model"
	"drover/internal/stage"
)

// Producer publishes events that no stage's loop makes: those of ingest's
// doors, of people and of citizens. It batches, is idempotent and returns when
// all in-sync replicas have the records. It is safe for concurrent use.
type Producer struct {
	conn   *Connection
	client *kgo.Client
	admin  *kadm.Client
	mu     sync.Mutex
	counts map[string]int32 // partitions by topic
	// before is the traceparent of the last recorded publication that no heartbeat
	// has followed.
	before atomic.Pointer[string]
}

// NewProducer returns a producer.
func NewProducer(conn *Connection) (*Producer, error) {
	client, err := conn.client(conn.produceOptions()...)
	if err != nil {
		return nil, err
	}
	return &Producer{conn: conn, client: client, admin: kadm.NewClient(client), counts: map[string]int32{}}, nil
}

// produceOptions are those of every client that publishes.
func (c *Connection) produceOptions() []kgo.Opt {
	return []kgo.Opt{
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.RecordPartitioner(c.partitioner()),
		kgo.ProducerBatchMaxBytes(MaxRecordBytes + 32<<10),
		kgo.MaxBufferedRecords(100_000),
		kgo.MaxBufferedBytes(128 << 20),
		kgo.ProducerLinger(2 * time.Millisecond),
		kgo.ProducerBatchCompression(kgo.Lz4Compression(), kgo.NoCompression()),
	}
}

// partitioner takes a record's own partition where it is set, and hashes the
// key by the topic's rule otherwise.
func (c *Connection) partitioner() kgo.Partitioner {
	return kgo.BasicConsistentPartitioner(func(topic string) func(*kgo.Record, int) int {
		parting := partingOf(c.logical(topic))
		return func(r *kgo.Record, n int) int {
			if r.Partition >= 0 {
				return int(r.Partition)
			}
			return int(partitionOf(parting, r.Key, int32(n)))
		}
	})
}

// Close waits for what is under way and ends the connections.
func (p *Producer) Close() { p.client.Close() }

// Ready returns nil when a broker answers.
func (p *Producer) Ready(ctx context.Context) error {
	if err := p.client.Ping(ctx); err != nil {
		return p.conn.dials.explain(fmt.Errorf("kafka: %w", err))
	}
	return nil
}

// Publish sends one event under "fleet|key" and waits until it is durable.
func (p *Producer) Publish(ctx context.Context, topic string, fleet model.FleetID, key string, event any) error {
	return p.PublishAll(ctx, []stage.Emission{{Topic: topic, Fleet: fleet, Key: key, Partition: stage.ByKey, Event: event}})
}

// Heartbeat sends a heartbeat into every partition of a topic.
func (p *Producer) Heartbeat(ctx context.Context, topic string, fleet model.FleetID, beat model.Heartbeat) error {
	return p.PublishAll(ctx, []stage.Emission{{Topic: topic, Fleet: fleet, Partition: stage.EveryPartition, Event: beat}})
}

// PublishAll sends events in order and waits until all are durable. Within a
// partition the order is kept, also against other calls that returned before.
// An event that can't be sent (an *codec.Error) stops the call before anything
// of it has been sent.
func (p *Producer) PublishAll(ctx context.Context, emissions []stage.Emission) error {
	trace, span := p.trace(ctx, emissions)
	records, err := p.records(ctx, trace, emissions)
	if err != nil {
		return err
	}
	err = p.client.ProduceSync(ctx, records...).FirstErr()
	p.published(span, trace, emissions, err)
	if err != nil {
		return p.conn.explain(p.conn.dials.explain(fmt.Errorf("publish: %w", err)), "WRITE", records[0].Topic)
	}
	return nil
}

// records encodes events without sending them.
func (p *Producer) records(ctx context.Context, traceparent string, emissions []stage.Emission) ([]*kgo.Record, error) {
	trace := []kgo.RecordHeader{{Key: headerTrace, Value: []byte(traceparent)}}
	records, spare := make([]*kgo.Record, 0, len(emissions)), make([]kgo.Record, len(emissions))
	for i := range emissions {
		e := &emissions[i]
		e.Content()
		headers := numbered(ctx, i, trace)
		value, err := p.conn.encode(e)
		if err != nil {
			return nil, fmt.Errorf("publish: %w", err)
		}
		first, last := e.Partition, e.Partition
		if e.Partition == stage.EveryPartition {
			n, err := p.partitions(ctx, e.Topic)
			if err != nil {
				return nil, fmt.Errorf("publish: %w", err)
			}
			first, last = 0, n-1
		}
		key, name := Key(e.Fleet, e.Key, e.Event), p.conn.Name(e.Topic)
		for partition := first; partition <= last; partition++ {
			if len(spare) == 0 { // one of every partition
				spare = make([]kgo.Record, last-partition+1)
			}
			spare[0] = kgo.Record{Topic: name, Partition: partition, Key: key, Value: value, Headers: headers}
			records, spare = append(records, &spare[0]), spare[1:]
		}
	}
	return records, nil
}

// ofAllFleets tells of heartbeats, markers and beats that name no fleet: they say
// how far a partition has come, for every fleet in it.
func ofAllFleets(e *stage.Emission) bool {
	switch e.Event.(type) {
	case model.Heartbeat, model.Marker, model.Beat:
		return e.Fleet == ""
	}
	return false
}

// encode returns an emission's value, after checking what every record must hold.
func (c *Connection) encode(e *stage.Emission) ([]byte, error) {
	if err := checkEmission(e); err != nil {
		return nil, err
	}
	value, err := c.codec.Encode(e.Topic, e.Fleet, e.Event)
	if err != nil {
		return nil, err
	}
	return value, checkSize(e, len(value))
}

// append is encode that appends to dst.
func (c *Connection) append(dst []byte, e *stage.Emission) ([]byte, error) {
	if err := checkEmission(e); err != nil {
		return nil, err
	}
	out, err := c.codec.Append(dst, e.Topic, e.Fleet, e.Event)
	if err != nil {
		return nil, err
	}
	return out, checkSize(e, len(out)-len(dst))
}

func checkEmission(e *stage.Emission) error {
	if err := checkFleet(e.Fleet); err != nil && e.Topic != DeadLetters && !ofAllFleets(e) {
		return &codec.Error{Class: codec.ClassValue, Topic: e.Topic, Err: fmt.Errorf("fleet %q: %w", e.Fleet, err)}
	}
	return nil
}

func checkSize(e *stage.Emission, size int) error {
	if size > MaxRecordBytes {
		return &codec.Error{Class: codec.ClassSize, Topic: e.Topic, Err: fmt.Errorf("%T has %d bytes, more than %d", e.Event, size, MaxRecordBytes)}
	}
	return nil
}

// partitions returns how many partitions a topic has.
func (p *Producer) partitions(ctx context.Context, topic string) (int32, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.counts[topic]; n > 0 {
		return n, nil
	}
	n, err := p.conn.count(ctx, p.admin, topic)
	if err == nil {
		p.counts[topic] = n
	}
	return n, err
}

// count asks how many partitions a topic has.
func (c *Connection) count(ctx context.Context, admin *kadm.Client, topic string) (int32, error) {
	name := c.Name(topic)
	details, err := admin.ListTopics(ctx, name)
	if err != nil {
		return 0, fmt.Errorf("topic %s: %w", name, err)
	}
	detail := details[name]
	if detail.Err != nil {
		return 0, c.explain(fmt.Errorf("topic %s: %w", name, detail.Err), "DESCRIBE", name)
	}
	if len(detail.Partitions) == 0 {
		return 0, fmt.Errorf("topic %s: it has no partitions; create it with `drover topics apply`", name)
	}
	return int32(len(detail.Partitions)), nil
}

// explain adds to an authorisation error which right is missing.
func (c *Connection) explain(err error, operation, resource string) error {
	for _, refused := range []*kerr.Error{kerr.TopicAuthorizationFailed, kerr.GroupAuthorizationFailed,
		kerr.TransactionalIDAuthorizationFailed, kerr.ClusterAuthorizationFailed} {
		if errors.Is(err, refused) {
			return fmt.Errorf("%w (user %q lacks the right %s on %s; `drover topics acls` lists what each service needs)", err, c.settings.principal(), operation, resource)
		}
	}
	return err
}
