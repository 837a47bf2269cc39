package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// saveParts saves parts once what they sent is acknowledged, and commits.
func (l *loop) saveParts(ctx context.Context, parts []*part) error {
	if err := l.settle(ctx); err != nil {
		return err
	}
	began := time.Now()
	var saved []*part
	for _, p := range parts {
		if !p.dirty || p.catching {
			continue
		}
		ours, err := l.save(ctx, p)
		if err != nil {
			return err
		}
		if ours {
			saved = append(saved, p)
		}
	}
	if len(saved) == 0 {
		return nil
	}
	l.conn.meters.persist.WithLabelValues(l.config.Stage).Observe(time.Since(began).Seconds())
	l.commit(ctx, saved)
	return nil
}

// save writes a part's state. It waits for a store that doesn't answer; ours is
// false where the store says that the partition is another's.
func (l *loop) save(ctx context.Context, p *part) (ours bool, err error) {
	saved := savedState{Start: map[string]int64{}, Read: map[string]int64{}, Marks: map[string][]savedMark{}}
	for topic, in := range p.inputs {
		saved.Start[topic], saved.Read[topic] = p.position(in), in.next
		if marks := in.seen.marks(); len(marks) > 0 {
			saved.Marks[topic] = marks
		}
	}
	state, err := saved.seal(p.task.AppendSnapshot)
	if err != nil {
		return false, fmt.Errorf("partition %d: %w", p.number, err)
	}
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := l.config.Store.Save(ctx, l.config.Group, p.number, p.epoch, state)
		if err == nil {
			p.dirty = false
			l.waitingOn("store", nil)
			l.conn.meters.stateBytes.WithLabelValues(l.config.Stage, fmt.Sprint(p.number)).Set(float64(len(state)))
			return true, nil
		}
		if l.config.Fenced != nil && errors.Is(err, l.config.Fenced) {
			l.conn.log.Warn("another member owns the partition: nothing saved", "stage", l.config.Stage, "partition", p.number, "error", err)
			l.forget([]*part{p})
			return false, nil
		}
		l.waitingOn("store", err)
		if !sleep(ctx, pause) {
			return false, fmt.Errorf("save partition %d: %w", p.number, err)
		}
	}
}

// offsets returns what to commit for parts: where to read from again.
func (l *loop) offsets(parts []*part) map[string]map[int32]kgo.EpochOffset {
	out := map[string]map[int32]kgo.EpochOffset{}
	for _, p := range parts {
		for _, in := range p.inputs {
			if out[in.name] == nil {
				out[in.name] = map[int32]kgo.EpochOffset{}
			}
			out[in.name][p.number] = kgo.EpochOffset{Epoch: -1, Offset: p.position(in)}
		}
	}
	return out
}

// commit tells the group how far we are. It is for lag and for a start without
// a state; failing to does no harm.
func (l *loop) commit(ctx context.Context, parts []*part) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ctx = kgo.PreCommitFnContext(ctx, func(req *kmsg.OffsetCommitRequest) error {
		for i := range req.Topics {
			for j := range req.Topics[i].Partitions {
				q := &req.Topics[i].Partitions[j]
				if read, ok := l.read(parts, req.Topics[i].Topic, q.Partition); ok {
					q.Metadata = commitMetadata(read)
				}
			}
		}
		return nil
	})
	l.client.CommitOffsetsSync(ctx, l.offsets(parts), func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, _ *kmsg.OffsetCommitResponse, err error) {
		if err != nil {
			l.conn.log.Warn("commit", "stage", l.config.Stage, "error", err)
		}
	})
}

// read returns how far an input had been read when its outputs became durable: a
// part that is catching up has not come as far again, yet its outputs stand.
func (l *loop) read(parts []*part, name string, number int32) (int64, bool) {
	for _, p := range parts {
		if p.number != number {
			continue
		}
		for _, in := range p.inputs {
			if in.name == name {
				return max(in.next, in.target), true
			}
		}
	}
	return 0, false
}
