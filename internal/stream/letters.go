package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/model"
	"drover/internal/stage"
)

// Letter is one dead letter that nobody has dealt with.
type Letter struct {
	// ID is the place of the record that was refused: "topic/partition/offset".
	ID    string
	Fleet model.FleetID
	// Time is when the letter was written.
	Time   time.Time
	Letter model.DeadLetter
}

// Letters returns the dead letters in order of their ids, each once: a stage
// that refuses a record again after a crash writes the letter again. One that was
// replayed or dropped is followed by a tombstone of its key, and left out.
func (c *Connection) Letters(ctx context.Context) ([]Letter, error) {
	type key struct {
		fleet model.FleetID
		id    string
	}
	found := map[key]Letter{}
	err := c.ReadAll(ctx, func(e Entry) error {
		k := key{e.Fleet, e.Key}
		letter, ok := e.Event.(model.DeadLetter)
		switch {
		case e.Value == nil:
			delete(found, k)
		case ok:
			found[k] = Letter{ID: e.Key, Fleet: e.Fleet, Time: e.Time, Letter: letter}
		default:
			c.log.Warn("a dead letter that can't be read", "partition", e.Partition, "offset", e.Offset, "error", e.Err)
		}
		return nil
	}, DeadLetters)
	if err != nil {
		return nil, err
	}
	out := make([]Letter, 0, len(found))
	for _, l := range found {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b Letter) int {
		if c := strings.Compare(a.Letter.Topic, b.Letter.Topic); c != 0 {
			return c
		}
		if a.Letter.Partition != b.Letter.Partition {
			return int(a.Letter.Partition) - int(b.Letter.Partition)
		}
		return int(min(max(a.Letter.Offset-b.Letter.Offset, -1), 1))
	})
	return out, nil
}

// Replay sends a refused record to its topic again as it was, but into the
// partition that its key belongs to and without its id (which readers have
// marked as seen), and drops the letter.
func (p *Producer) Replay(ctx context.Context, l Letter) error {
	if _, err := TopicNamed(l.Letter.Topic); err != nil {
		return fmt.Errorf("replay %s: %w", l.ID, err)
	}
	if left, ok := l.Letter.Headers[headerLeftOut]; ok {
		return fmt.Errorf("replay %s: the letter is without the record's %s, too large to be kept: have its producer send less, then `drover deadletter drop %s`", l.ID, left, l.ID)
	}
	r := &kgo.Record{Topic: p.conn.Name(l.Letter.Topic), Partition: stage.ByKey, Key: l.Letter.Key, Value: l.Letter.Value}
	for _, name := range sortedKeys(l.Letter.Headers) {
		switch name {
		case headerSource, headerOffset, headerIndex:
		default:
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: l.Letter.Headers[name]})
		}
	}
	if err := p.client.ProduceSync(ctx, r).FirstErr(); err != nil {
		return p.conn.explain(fmt.Errorf("replay %s: %w", l.ID, err), "WRITE", r.Topic)
	}
	return p.DropLetter(ctx, l)
}

// DropLetter marks a dead letter as dealt with.
func (p *Producer) DropLetter(ctx context.Context, l Letter) error {
	if l.ID == "" {
		return errors.New("drop a dead letter: it has no id")
	}
	r := &kgo.Record{Topic: p.conn.Name(DeadLetters), Partition: stage.ByKey, Key: Key(l.Fleet, l.ID, nil)}
	if err := p.client.ProduceSync(ctx, r).FirstErr(); err != nil {
		return p.conn.explain(fmt.Errorf("drop %s: %w", l.ID, err), "WRITE", r.Topic)
	}
	return nil
}
