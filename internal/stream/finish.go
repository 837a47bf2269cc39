package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// finish publishes what the round made and saves where it is time to.
func (l *loop) finish(ctx context.Context) error {
	due := !time.Now().Before(l.saveDue)
	var err error
	if l.config.Mode == Transaction {
		err = l.transact(ctx, due)
	} else {
		l.send(ctx)
		if due {
			err = l.saveParts(ctx, l.all())
		}
	}
	if due {
		l.saveDue = time.Now().Add(l.config.SaveEvery)
	}
	return err
}

// send publishes the parts' records without waiting: the next save does that.
// The client's buffer bounds what is under way.
func (l *loop) send(ctx context.Context) {
	for _, p := range l.all() {
		for _, r := range p.out {
			l.sent.Add(1)
			l.conn.meters.emitted.WithLabelValues(l.config.Stage, l.conn.logical(r.Topic)).Inc()
			l.client.Produce(ctx, r, func(r *kgo.Record, err error) {
				if err != nil {
					err = l.conn.explain(fmt.Errorf("publish to %s: %w", r.Topic, err), "WRITE", r.Topic)
					l.sendFailed.CompareAndSwap(nil, &err)
				}
				l.sent.Done()
			})
		}
		p.out = p.out[:0]
	}
}

// settle waits until everything sent is acknowledged.
func (l *loop) settle(ctx context.Context) error {
	if err := l.client.Flush(ctx); err != nil {
		return fmt.Errorf("wait for acknowledgements: %w", err)
	}
	l.sent.Wait()
	if failed := l.sendFailed.Load(); failed != nil {
		return *failed
	}
	return nil
}

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

// transact publishes the round's outputs and its offsets as one transaction,
// then saves the states.
func (l *loop) transact(ctx context.Context, due bool) error {
	parts := l.all()
	outputs := 0
	for _, p := range parts {
		outputs += len(p.out)
	}
	if outputs == 0 {
		if due {
			return l.saveParts(ctx, parts)
		}
		return nil
	}
	committed, err := l.oneTransaction(ctx, parts)
	if err != nil {
		return err
	}
	if !committed {
		l.conn.meters.transaction.WithLabelValues(l.config.Stage, "aborted").Inc()
		return l.rebuild(ctx, parts)
	}
	l.conn.meters.transaction.WithLabelValues(l.config.Stage, "committed").Inc()
	for _, p := range parts {
		emissions := p.emissions
		p.emissions = nil
		if !p.dirty || p.catching {
			continue
		}
		ours, err := l.save(ctx, p)
		if err != nil {
			return err
		}
		if ours && len(emissions) > 0 && l.config.OnCommitted != nil {
			l.config.OnCommitted(p.number, emissions)
		}
	}
	return nil
}

// oneTransaction tells whether the transaction was committed. An error is one
// that a new attempt would meet again.
func (l *loop) oneTransaction(ctx context.Context, parts []*part) (committed bool, err error) {
	if err := l.session.Begin(); err != nil {
		return false, fmt.Errorf("begin a transaction: %w", err)
	}
	l.send(ctx)
	try := kgo.TryCommit
	if err := l.settle(ctx); err != nil {
		l.conn.log.Warn("transaction given up", "stage", l.config.Stage, "error", err)
		try = kgo.TryAbort
		l.sendFailed.Store(nil)
		if explained := errors.Unwrap(err); explained != nil && l.conn.explain(explained, "", "") != explained {
			return false, err // a right is missing: trying again would not help
		}
	}
	end := kgo.PreTxnCommitFnContext(ctx, func(req *kmsg.TxnOffsetCommitRequest) error {
		return l.setOffsets(req, parts)
	})
	committed, err = l.session.End(end, try)
	if err != nil && ctx.Err() == nil {
		l.conn.log.Warn("transaction without an end that is known", "stage", l.config.Stage, "error", err)
		if explained := l.conn.explain(err, "WRITE", "transactional id "+l.transactionalID()); explained != err {
			return false, explained
		}
		return false, nil
	}
	return committed, err
}

// setOffsets replaces what the client would commit by the parts' positions. All
// of them: the client leaves out partitions that it has not polled from since,
// but their read positions may have moved.
func (l *loop) setOffsets(req *kmsg.TxnOffsetCommitRequest, parts []*part) error {
	req.Topics = req.Topics[:0]
	positions := l.offsets(parts)
	for _, name := range sortedKeys(positions) {
		t := kmsg.NewTxnOffsetCommitRequestTopic()
		t.Topic = name
		for _, n := range sortedKeys(positions[name]) {
			q := kmsg.NewTxnOffsetCommitRequestTopicPartition()
			read, _ := l.read(parts, name, n)
			q.Partition, q.Offset, q.LeaderEpoch, q.Metadata = n, positions[name][n].Offset, -1, commitMetadata(read)
			t.Partitions = append(t.Partitions, q)
		}
		req.Topics = append(req.Topics, t)
	}
	return nil
}

// rebuild makes the parts anew from their saved states after a transaction that
// was not committed: what they hold in memory has never happened.
func (l *loop) rebuild(ctx context.Context, parts []*part) error {
	for _, old := range parts {
		l.mu.Lock()
		_, ours := l.parts[old.number]
		l.mu.Unlock()
		if !ours {
			continue
		}
		if err := l.refreshDurable(ctx); err != nil {
			return err
		}
		p, err := l.restore(ctx, old.number, old.epoch)
		if err != nil {
			if l.config.Fenced != nil && errors.Is(err, l.config.Fenced) {
				l.forget([]*part{old})
				continue
			}
			return fmt.Errorf("rebuild: %w", err)
		}
		p.announced = old.announced && !p.catching
		l.mu.Lock()
		l.parts[p.number] = p
		for topic, in := range p.inputs {
			l.later(topic, p.number, in)
		}
		l.mu.Unlock()
	}
	return nil
}

// refreshDurable asks the group what is committed: a transaction whose answer
// was lost may have been.
func (l *loop) refreshDurable(ctx context.Context) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		answer, err := l.admin.FetchOffsets(kadm.RequireStable(ctx), l.conn.Name(l.config.Group))
		if err == nil {
			err = answer.Error()
		}
		if err == nil {
			l.mu.Lock()
			for name, ps := range answer {
				if l.durable[name] == nil {
					l.durable[name] = map[int32]int64{}
				}
				for n, o := range ps {
					l.durable[name][n] = readPosition(&o.Metadata, o.At)
				}
			}
			l.mu.Unlock()
			return nil
		}
		l.waitingOn("kafka", err)
		if !sleep(ctx, pause) {
			return ctx.Err()
		}
	}
}

// pauseAndResume keeps the client from reading what the tasks are full of.
func (l *loop) pauseAndResume() {
	pause, resume := map[string][]int32{}, map[string][]int32{}
	for _, p := range l.all() {
		for _, in := range p.inputs {
			full := p.task.Full(in.topic) || p.catching && len(in.ahead) > 0
			switch {
			case full && !in.paused:
				pause[in.name] = append(pause[in.name], p.number)
			case !full && in.paused:
				resume[in.name] = append(resume[in.name], p.number)
			}
			in.paused = full
		}
	}
	if len(pause) > 0 {
		l.client.PauseFetchPartitions(pause)
	}
	if len(resume) > 0 {
		l.client.ResumeFetchPartitions(resume)
	}
}

// fail ends the loop with an error from a callback.
func (l *loop) fail(err error) {
	l.failed.CompareAndSwap(nil, &err)
}
