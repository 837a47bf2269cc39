package stream

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/stage"
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
		l.sendPart(ctx, p)
	}
}

// sendPart publishes what a part has gathered.
func (l *loop) sendPart(ctx context.Context, p *part) {
	for i, r := range p.out.records {
		if i+1 == len(p.out.records) || p.out.records[i+1].Topic != r.Topic {
			l.conn.meters.emitted.WithLabelValues(l.config.Stage, l.conn.logical(r.Topic)).Add(float64(i + 1 - p.out.counted))
			p.out.counted = i + 1
		}
	}
	p.out.take(l.acknowledged, func(r *kgo.Record, ended kgoPromise) {
		l.sent.Add(1)
		l.client.Produce(ctx, r, ended)
	})
}

// acknowledged takes the end of one publication.
func (l *loop) acknowledged(r *kgo.Record, err error) {
	if err != nil {
		err = l.conn.explain(fmt.Errorf("publish to %s: %w", r.Topic, err), "WRITE", r.Topic)
		l.sendFailed.CompareAndSwap(nil, &err)
	}
	l.sent.Done()
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

// reportEvery is how often the tasks are asked how far they are.
const reportEvery = time.Second

// report sets the figures that only the tasks know.
func (l *loop) report() {
	now := time.Now()
	if now.Before(l.reportDue) {
		return
	}
	l.reportDue = now.Add(reportEvery)
	for _, p := range l.all() {
		task, ok := p.task.(stage.Reporter)
		if !ok {
			continue
		}
		r, partition := task.Report(), strconv.Itoa(int(p.number))
		l.conn.meters.series.WithLabelValues(l.config.Stage, partition).Set(float64(r.Series))
		if r.Watermark != 0 {
			l.conn.meters.watermark.WithLabelValues(l.config.Stage, partition).Set(float64(r.Watermark) / 1000)
			l.conn.meters.delay.WithLabelValues(l.config.Stage, partition).Set(now.Sub(r.Watermark.Time()).Seconds())
		}
	}
}

// unreport drops a partition's figures: it is another's now.
func (l *loop) unreport(number int32) {
	partition := strconv.Itoa(int(number))
	for _, g := range []*prometheus.GaugeVec{l.conn.meters.series, l.conn.meters.watermark, l.conn.meters.delay} {
		g.DeleteLabelValues(l.config.Stage, partition)
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
