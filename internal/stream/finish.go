package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
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
