package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// restore claims a number's state and makes its part from it.
func (l *loop) restore(ctx context.Context, n int32, epoch int64) (*part, error) {
	p := &part{loop: l, number: n, epoch: epoch, task: l.config.NewTask(n), decoder: l.conn.codec.NewDecoder(),
		inputs: map[string]*input{}, batch: map[string][]*kgo.Record{}}
	state, found, err := l.claimAndLoad(ctx, n, epoch)
	if err != nil {
		return nil, err
	}
	var saved savedState
	if found {
		var snapshot []byte
		if saved, snapshot, err = openState(state); err == nil {
			err = p.task.Restore(snapshot)
		}
		if err != nil {
			l.fail(fmt.Errorf("partition %d: restore: %w", n, err))
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, topic := range l.config.Topics {
		name := l.conn.Name(topic)
		in := &input{topic: topic, name: name, parting: partingOf(topic), source: fmt.Appendf(nil, "%s/%s/%d", l.config.Stage, topic, n),
			next: saved.Start[topic], seen: restoreRepeats(saved.Marks[topic])}
		in.target = max(saved.Read[topic], l.durable[name][n])
		p.inputs[topic] = in
	}
	return p, l.bound(ctx, p)
}

// bound asks where the logs of a part begin and end: reading can't begin before
// the former, and a target after the latter (the topic was made anew) would
// never be reached.
func (l *loop) bound(ctx context.Context, p *part) error {
	names := l.conn.names(l.config.Topics)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		starts, err := l.admin.ListStartOffsets(ctx, names...)
		var ends kadm.ListedOffsets
		if err == nil {
			ends, err = l.admin.ListCommittedOffsets(ctx, names...)
		}
		if err == nil {
			err = errors.Join(starts.Error(), ends.Error())
		}
		if err == nil {
			l.waitingOn("kafka", nil)
			l.within(p, starts, ends)
			return nil
		}
		l.waitingOn("kafka", err)
		if !sleep(ctx, pause) {
			return ctx.Err()
		}
	}
}

func (l *loop) within(p *part, starts, ends kadm.ListedOffsets) {
	for _, in := range p.inputs {
		in.width = int32(len(starts[in.name]))
		if start, ok := starts.Lookup(in.name, p.number); ok && start.Offset > in.next {
			if in.next > 0 {
				l.conn.log.Error("records between the state and the log's beginning are gone", "stage", l.config.Stage,
					"topic", in.topic, "partition", p.number, "state", in.next, "log", start.Offset)
			}
			in.next = start.Offset
		}
		if end, ok := ends.Lookup(in.name, p.number); ok {
			in.target = min(in.target, end.Offset)
		}
		p.catching = p.catching || in.next < in.target
	}
}

// claimAndLoad makes us the state's owner and reads it. Where the store knows of
// a greater epoch, either we have lost the partition without knowing, or the
// group began to count anew (it was deleted): Kafka decides, by taking a commit
// of ours or not.
func (l *loop) claimAndLoad(ctx context.Context, n int32, epoch int64) (state []byte, found bool, err error) {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := l.config.Store.Claim(ctx, l.config.Group, n, epoch, false)
		if err != nil && l.config.Fenced != nil && errors.Is(err, l.config.Fenced) {
			if confirmed := l.confirm(ctx, n); confirmed != nil {
				return nil, false, fmt.Errorf("%w (%w)", err, confirmed)
			}
			err = l.config.Store.Claim(ctx, l.config.Group, n, epoch, true)
		}
		if err == nil {
			if state, found, err = l.config.Store.Load(ctx, l.config.Group, n); err == nil {
				l.waitingOn("store", nil)
				return state, found, nil
			}
		}
		l.waitingOn("store", err)
		if !sleep(ctx, pause) {
			return nil, false, ctx.Err()
		}
	}
}

// confirm asks the group's coordinator whether we are a member of the present
// epoch, by committing nothing new for a partition that is ours.
func (l *loop) confirm(ctx context.Context, n int32) error {
	member, epoch := l.client.GroupMetadata()
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.MemberID, req.Generation = l.conn.Name(l.config.Group), member, epoch
	if l.config.Instance != "" {
		req.InstanceID = &l.config.Instance
	}
	name := l.conn.Name(l.config.Topics[0])
	details, err := l.admin.ListTopics(ctx, name)
	if err != nil {
		return fmt.Errorf("confirm the claim: %w", err)
	}
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic, t.TopicID = name, details[name].ID
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	l.mu.Lock()
	read := l.durable[name][n]
	l.mu.Unlock()
	p.Partition, p.Offset, p.Metadata = n, read, commitMetadata(read)
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, l.client)
	if err != nil {
		return fmt.Errorf("confirm the claim: %w", err)
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return fmt.Errorf("confirm the claim: %w", err)
			}
		}
	}
	return nil
}
