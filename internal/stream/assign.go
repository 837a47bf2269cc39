package stream

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The order of the client's callbacks for partitions that come: onAssigned,
// onFetched, onStart. For partitions that go: onRevoked (still ours, time to
// save) or onLost (somebody else's already).

// onAssigned notes what is ours now, and with which epoch it came: that one, and
// not what the group counts on to later, fences our writes, so that a member
// that lost a partition and joined anew can't write for its former self.
func (l *loop) onAssigned(ctx context.Context, client *kgo.Client, added map[string][]int32) {
	<-l.ready
	if l.config.Mode == Transaction && len(added) > 0 {
		l.endFormer.Do(func() { l.claimTransactions(ctx) })
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, epoch := client.GroupMetadata()
	for name, numbers := range added {
		for _, n := range numbers {
			if l.owned[n] == nil {
				l.owned[n] = map[string]int64{}
			}
			l.owned[n][l.conn.logical(name)] = int64(epoch)
			l.conn.meters.rebalances.WithLabelValues(l.config.Stage, "assigned").Inc()
		}
	}
}

// claimTransactions ends what a former life under our transactional id left open.
// The offsets of what has come to us can't be fetched before: without this they
// would wait for the transaction's timeout. It waits for no coordinator that
// doesn't answer; who owns the partitions owns the name.
func (l *loop) claimTransactions(ctx context.Context) {
	claimed := make(chan error, 1)
	go func() {
		_, _, err := l.client.ProducerID(ctx) // of the client: it ends with that
		claimed <- err
	}()
	select {
	case err := <-claimed:
		if err != nil {
			l.conn.log.Warn("claiming the transactional id", "stage", l.config.Stage, "error", err)
		}
	case <-time.After(patience / 2):
	case <-ctx.Done():
	}
}

// onFetched keeps what the group's commits say beside their offsets: how far the
// owner had read.
func (l *loop) onFetched(_ context.Context, _ *kgo.Client, resp *kmsg.OffsetFetchResponse) error {
	<-l.ready
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range resp.Groups {
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				if t.Topic == "" {
					continue
				}
				if l.durable[t.Topic] == nil {
					l.durable[t.Topic] = map[int32]int64{}
				}
				l.durable[t.Topic][p.Partition] = readPosition(p.Metadata, p.Offset)
			}
		}
	}
	return nil
}

// commitMetadata is what is committed beside an offset: the offset is where a
// restart reads from, read is how far the task had read.
func commitMetadata(read int64) *string {
	s := "read=" + strconv.FormatInt(read, 10)
	return &s
}

func readPosition(metadata *string, offset int64) int64 {
	if metadata != nil {
		if n, ok := strings.CutPrefix(*metadata, "read="); ok {
			if read, err := strconv.ParseInt(n, 10, 64); err == nil {
				return read
			}
		}
	}
	return max(offset, 0)
}

// onStart loads the state of every number that is complete now, and tells the
// client where to read from. It waits for a store that doesn't answer.
func (l *loop) onStart(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	defer l.awake()
	numbers := map[int32]bool{}
	for _, ps := range offsets {
		for n := range ps {
			numbers[n] = true
		}
	}
	for _, n := range sortedKeys(numbers) {
		l.mu.Lock()
		p, complete, epoch := l.parts[n], len(l.owned[n]) == len(l.config.Topics), l.epoch(n)
		l.mu.Unlock()
		if !complete {
			l.hold(n, offsets) // until the rest of the number comes
			continue
		}
		if p == nil {
			var err error
			if p, err = l.restore(ctx, n, epoch); err != nil {
				return nil, err
			}
		}
		l.mu.Lock()
		l.parts[n] = p
		l.conn.meters.partitions.WithLabelValues(l.config.Stage).Set(float64(len(l.parts)))
		for topic, in := range p.inputs {
			if ps, ok := offsets[in.name]; ok {
				if _, ok := ps[n]; ok {
					ps[n] = kgo.NewOffset().At(in.next).WithEpoch(-1)
					continue
				}
			}
			l.later(topic, n, in)
		}
		l.mu.Unlock()
	}
	return offsets, nil
}

// epoch is the greatest that a number's topics came with.
func (l *loop) epoch(n int32) int64 {
	var epoch int64
	for _, e := range l.owned[n] {
		epoch = max(epoch, e)
	}
	return epoch
}

// hold keeps the client from reading partitions whose number is not complete.
func (l *loop) hold(n int32, offsets map[string]map[int32]kgo.Offset) {
	for name, ps := range offsets {
		if _, ok := ps[n]; ok {
			l.client.PauseFetchPartitions(map[string][]int32{name: {n}})
		}
	}
}

// later notes an input whose partition came earlier and has been held since. The
// caller holds mu.
func (l *loop) later(_ string, n int32, in *input) {
	if l.seek[in.name] == nil {
		l.seek[in.name] = map[int32]kgo.EpochOffset{}
	}
	l.seek[in.name][n] = kgo.EpochOffset{Epoch: -1, Offset: in.next}
}

// applySeeks lets the client read from where later said.
func (l *loop) applySeeks() {
	l.mu.Lock()
	seek := l.seek
	l.seek = map[string]map[int32]kgo.EpochOffset{}
	l.mu.Unlock()
	if len(seek) == 0 {
		return
	}
	l.client.SetOffsets(seek)
	for name, ps := range seek {
		for n := range ps {
			l.client.ResumeFetchPartitions(map[string][]int32{name: {n}})
		}
	}
}

// onRevoked saves what is about to go to another member.
func (l *loop) onRevoked(ctx context.Context, _ *kgo.Client, gone map[string][]int32) {
	l.turn.Lock()
	defer l.turn.Unlock()
	numbers := l.drop(gone, "revoked")
	if len(numbers) == 0 {
		return
	}
	if !l.whole {
		l.forget(numbers)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := l.saveParts(ctx, numbers); err != nil {
		l.conn.log.Warn("hand-over without a save: the new owner reads again from the last one", "stage", l.config.Stage, "error", err)
	}
	l.forget(numbers)
}

// onLost forgets what another member may already own.
func (l *loop) onLost(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.forget(l.drop(gone, "lost"))
}

// drop takes partitions off the list and returns the parts that end with them.
func (l *loop) drop(gone map[string][]int32, what string) []*part {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.client.ResumeFetchPartitions(gone) // a pause would outlive the assignment
	ended := map[int32]bool{}
	for name, numbers := range gone {
		for _, n := range numbers {
			delete(l.owned[n], l.conn.logical(name))
			if len(l.owned[n]) == 0 {
				delete(l.owned, n)
			}
			delete(l.seek[name], n)
			ended[n] = true
			l.conn.meters.rebalances.WithLabelValues(l.config.Stage, what).Inc()
		}
	}
	var out []*part
	for _, n := range sortedKeys(ended) {
		if p := l.parts[n]; p != nil {
			out = append(out, p)
		}
	}
	return out
}

// forget ends parts and tells the service.
func (l *loop) forget(parts []*part) {
	for _, p := range parts {
		l.mu.Lock()
		delete(l.parts, p.number)
		l.conn.meters.partitions.WithLabelValues(l.config.Stage).Set(float64(len(l.parts)))
		l.mu.Unlock()
		l.unreport(p.number)
		if p.announced && l.config.OnRevoked != nil {
			l.config.OnRevoked(p.number)
		}
	}
}
