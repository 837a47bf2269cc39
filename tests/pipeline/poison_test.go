package pipeline

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/model"
	"drover/internal/stream"
)

// poison are records that must end as dead letters, each once.
type poison struct {
	conn   *stream.Connection
	client *kgo.Client
	want   []string // "topic class"
}

// poisonValue names a schema that nobody gave out.
var poisonValue = []byte{0, 0, 0, 0, 99, 1, 2, 3}

func newPoison(t *testing.T, conn *stream.Connection, brokers []string) *poison {
	t.Helper()
	// The proxy of a broker that is away ends connections at once.
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.AlwaysRetryEOF())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &poison{conn: conn, client: client}
}

// drop sends one record of every kind.
func (p *poison) drop(ctx context.Context, n int) error {
	fleet, entity := stormFleets[n%len(stormFleets)], fmt.Sprintf("server:poison-%d", n)
	metric := func(fleet model.FleetID, at model.Instant) ([]byte, error) {
		return p.conn.Codec().Encode(stream.Metrics, fleet, model.Metric{Fleet: fleet, Entity: model.EntityID(entity), At: at,
			Producer: "poisoner", Samples: []model.Sample{{Resource: model.CPU, Value: 1}}})
	}
	foreign, err := metric("west", 1)
	if err != nil {
		return err
	}
	future, err := metric(fleet, 4_000_000_000_000)
	if err != nil {
		return err
	}
	right := stream.Partition(stream.Metrics, fleet, entity, 6)
	record := func(partition int32, value []byte) *kgo.Record {
		return &kgo.Record{Topic: p.conn.Name(stream.Metrics), Partition: partition, Key: stream.Key(fleet, entity, nil), Value: value}
	}
	for _, r := range []struct {
		class  string
		record *kgo.Record
	}{
		{"decode", record(right, []byte("no schema id"))},
		{"value", record(right, foreign)},
		{"future", record(right, future)},
		{"partition", record((right+1)%6, future)},
	} {
		if err := p.client.ProduceSync(ctx, r.record).FirstErr(); err != nil {
			return fmt.Errorf("poison %s: %w", r.class, err)
		}
		p.want = append(p.want, stream.Metrics+" "+r.class)
	}
	if err := p.client.ProduceSync(ctx, &kgo.Record{Topic: p.conn.Name(stream.Plans), Partition: stream.Partition(stream.Plans, fleet, entity, 3),
		Key: stream.Key(fleet, entity, nil), Value: poisonValue}).FirstErr(); err != nil {
		return fmt.Errorf("poison: %w", err)
	}
	p.want = append(p.want, stream.Plans+" schema")
	return nil
}

// compare counts what is not among the dead letters, and what should not be.
func (p *poison) compare(ctx context.Context, c *comparison) error {
	letters, err := p.conn.Letters(ctx)
	if err != nil {
		return err
	}
	var have []string
	for _, l := range letters {
		have = append(have, l.Letter.Topic+" "+l.Letter.Class)
	}
	want := slices.Clone(p.want)
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		c.differences++
		c.note("dead letters: %v, want %v", have, want)
	}
	return nil
}
