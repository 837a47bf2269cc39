package stream

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/codec"
	"drover/internal/model"
	"drover/internal/stage"
)

// part is one partition number: its task and how far it has come. One goroutine
// at a time touches it.
type part struct {
	loop    *loop
	number  int32
	epoch   int64
	task    stage.Task
	decoder *codec.Decoder
	inputs  map[string]*input
	// catching is true until every input has reached its target.
	catching  bool
	announced bool // OnAssigned has been called
	dirty     bool // something was folded since the last save
	batch     map[string][]*kgo.Record
	out       outbox
	emissions []stage.Emission // of this round, for OnCommitted
	folded    int              // records of this round
	err       error
}

// input is one topic of a part.
type input struct {
	topic string
	name  string // the broker's
	width int32  // partitions of the topic
	// parting is how they were parted, source what ids of what a record causes begin with.
	parting Parting
	source  []byte
	// next is the first offset not handed to the task.
	next int64
	// target is how far a former owner had read when it last made its outputs
	// durable: up to there the task is only brought up to date, and what it emits
	// has been published already.
	target int64
	// ahead are records from target on that came while other inputs were behind.
	ahead  []*kgo.Record
	seen   *repeats
	paused bool
}

// work folds the part's batch.
func (p *part) work(ctx context.Context) {
	for _, topic := range p.loop.config.Topics {
		in, records := p.inputs[topic], p.batch[topic]
		delete(p.batch, topic)
		for i, rec := range records {
			if rec.Offset < in.next {
				continue // fetched before a seek
			}
			if p.catching && rec.Offset >= in.target {
				in.ahead = append(in.ahead, records[i:]...)
				break
			}
			if p.err = p.take(ctx, in, rec); p.err != nil {
				return
			}
		}
	}
	if p.catching && p.caughtUp() {
		p.catching = false
	}
	p.advance()
}

// caughtUp tells whether every input has reached its target.
func (p *part) caughtUp() bool {
	for _, in := range p.inputs {
		if in.next < in.target && len(in.ahead) == 0 {
			return false
		}
	}
	return true
}

// release folds what came ahead while the part was catching up.
func (p *part) release(ctx context.Context) {
	for _, topic := range p.loop.config.Topics {
		in := p.inputs[topic]
		records := in.ahead
		in.ahead = nil
		for _, rec := range records {
			if rec.Offset < in.next {
				continue
			}
			if p.err = p.take(ctx, in, rec); p.err != nil {
				return
			}
		}
	}
	p.advance()
}

func (p *part) advance() {
	for _, in := range p.inputs {
		in.seen.advance(p.position(in))
	}
}

// position is where reading an input has to begin again after a restart.
func (p *part) position(in *input) int64 {
	if at, ok := p.task.Position(in.topic); ok {
		return at
	}
	return in.next
}

// take folds one record.
func (p *part) take(ctx context.Context, in *input, rec *kgo.Record) error {
	in.next = rec.Offset + 1
	p.dirty = true
	p.folded++
	if rec.Value == nil {
		return nil // a tombstone: compaction's business, not an event
	}
	if len(rec.Value) > MaxRecordBytes {
		return p.refuse(in, rec, &codec.Error{Class: codec.ClassSize, Topic: in.topic,
			Err: fmt.Errorf("the value has %d bytes: at most %d are taken", len(rec.Value), MaxRecordBytes)})
	}
	fleet, event, err := p.decode(ctx, in.topic, rec.Value)
	if err != nil {
		return p.refuse(in, rec, err)
	}
	id, identified := identityOf(rec.Headers)
	if identified {
		if !in.seen.fold(id, rec.Offset) {
			p.loop.conn.meters.repeats.WithLabelValues(p.loop.config.Stage, in.topic).Inc()
			return nil
		}
	} else if err := p.checkPlace(in, rec, fleet, event); err != nil {
		return p.refuse(in, rec, err)
	}
	handling := p.handling(in, rec)
	emissions, err := p.task.Handle(stage.Record{Topic: in.topic, Partition: rec.Partition, Offset: rec.Offset, Source: id.source,
		Trace: handling.trace, Event: event})
	var rejection *stage.Rejection
	if err != nil && !errors.As(err, &rejection) {
		return fmt.Errorf("topic %s, partition %d, offset %d: %w", in.topic, rec.Partition, rec.Offset, err)
	}
	emitted, failed := p.emit(ctx, in, rec, emissions)
	handling.ended(event, emitted, cmp.Or(err, failed))
	if failed != nil {
		return fmt.Errorf("topic %s, partition %d, offset %d: %w", in.topic, rec.Partition, rec.Offset, failed)
	}
	if rejection != nil {
		return p.refuse(in, rec, rejection)
	}
	return nil
}

// decode waits for a registry that doesn't answer; every other failure is the
// record's.
func (p *part) decode(ctx context.Context, topic string, value []byte) (model.FleetID, any, error) {
	const first = 50 * time.Millisecond
	for pause := first; ; pause = min(2*pause, 2*time.Second) {
		fleet, event, err := p.decoder.Decode(topic, value)
		var typed *codec.Error
		if err == nil || errors.As(err, &typed) {
			if pause > first {
				p.loop.waitingOn("registry", nil)
			}
			return fleet, event, err
		}
		p.loop.waitingOn("registry", err)
		if !sleep(ctx, pause) {
			return "", nil, ctx.Err()
		}
	}
}

// checkPlace refuses a foreign producer's record whose key names another fleet
// than its value, or that stands in another partition than its key's. Stages'
// own records carry an id and are not checked.
func (p *part) checkPlace(in *input, rec *kgo.Record, fleet model.FleetID, event any) error {
	end := bytes.IndexByte(rec.Key, separator)
	if end < 0 || string(rec.Key[:end]) != string(fleet) {
		return &codec.Error{Class: codec.ClassValue, Topic: in.topic, Err: fmt.Errorf("key %q is not of fleet %q, which the value names", rec.Key, fleet)}
	}
	want := partitionOf(in.parting, rec.Key, in.width)
	if want != rec.Partition && !p.loop.broadcast[in.topic][codec.TypeName(event)] {
		return &codec.Error{Class: codec.ClassPartition, Topic: in.topic, Err: fmt.Errorf("key %q belongs in partition %d of %d (murmur2), not %d", rec.Key, want, in.width, rec.Partition)}
	}
	return nil
}

// sendAfter is how many records a part gathers before it sends them, where no
// transaction holds them together: one tick can say more than memory should hold.
const sendAfter = 512

// emit queues what the task wants published, unless it has been already, and
// returns how much it was.
func (p *part) emit(ctx context.Context, in *input, rec *kgo.Record, emissions []stage.Emission) (emitted int, err error) {
	if len(emissions) == 0 {
		return 0, nil
	}
	ids := newIssuer(in.source, rec.Offset, header(rec.Headers, headerTrace))
	err = stage.Each(emissions, func(first int, piece []stage.Emission) error {
		emitted += len(piece)
		if err := p.mayGoOn(ctx); err != nil || p.catching {
			return err
		}
		return p.emitPiece(ctx, in, rec, &ids, first, piece)
	})
	return emitted, err
}

// mayGoOn tells what makes it useless to go on with a record that has much to say.
func (p *part) mayGoOn(ctx context.Context) error {
	if failed := p.loop.sendFailed.Load(); failed != nil {
		return *failed
	}
	return ctx.Err()
}

func (p *part) emitPiece(ctx context.Context, in *input, rec *kgo.Record, ids *issuer, first int, piece []stage.Emission) error {
	recycler, reuses := p.task.(stage.Recycler)
	for i := range piece {
		e := &piece[i]
		e.Content()
		if err := p.records(e, ids, first+i); err != nil {
			return fmt.Errorf("emission %d: %w", first+i, err)
		}
		p.followed(in, rec, ids, first+i, e)
		if p.loop.config.Mode == Snapshot {
			if reuses {
				recycler.Recycle(e.Event)
			}
			*e = stage.Emission{} // nobody asks for it again
			if len(p.out.records) >= sendAfter {
				p.loop.sendPart(ctx, p)
			}
		}
	}
	if p.loop.config.OnCommitted != nil && p.loop.config.Mode == Transaction {
		p.emissions = append(p.emissions, piece...)
	}
	return nil
}

// refuse sends a record to the dead letters.
func (p *part) refuse(in *input, rec *kgo.Record, reason error) error {
	if err := context.Cause(p.loop.ctx); err != nil && errors.Is(reason, err) {
		return err // the loop is ending: nothing is wrong with the record
	}
	if p.catching {
		return nil
	}
	letter := newDeadLetter(p.loop.config.Stage, in.topic, rec, reason)
	p.loop.conn.meters.dead.WithLabelValues(p.loop.config.Stage, in.topic, letter.Class).Inc()
	p.loop.conn.log.Warn("dead letter", "stage", p.loop.config.Stage, "topic", in.topic, "partition", rec.Partition,
		"offset", rec.Offset, "class", letter.Class, "reason", letter.Message)
	out, err := p.loop.conn.deadLetterRecord(letter)
	if err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	p.out.records = append(p.out.records, out)
	return nil
}

// sleep waits and tells whether ctx is still good.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
