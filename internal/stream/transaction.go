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

// transact publishes the round's outputs and its offsets as one transaction,
// then saves the states.
func (l *loop) transact(ctx context.Context, due bool) error {
	parts := l.all()
	outputs := 0
	for _, p := range parts {
		outputs += len(p.out.records)
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
		return false, l.spent(fmt.Errorf("begin a transaction: %w", err))
	}
	l.send(ctx)
	try := kgo.TryCommit
	if err := l.settle(ctx); err != nil {
		l.conn.log.Warn("transaction given up", "stage", l.config.Stage, "error", err)
		try = kgo.TryAbort
		l.sendFailed.Store(nil)
		if explained := errors.Unwrap(err); explained != nil && !errors.Is(explained, l.conn.explain(explained, "", "")) {
			return false, err // a right is missing: trying again would not help
		}
	}
	end := kgo.PreTxnCommitFnContext(ctx, func(req *kmsg.TxnOffsetCommitRequest) error {
		return l.setOffsets(req, parts)
	})
	committed, err = l.end(end, try)
	if committed || ctx.Err() != nil {
		return committed, err
	}
	return false, l.recoverProducer(ctx, err)
}

// recoverProducer makes sure that a transaction that was not committed is over. At
// its coordinator it may not be: where the client can go on, it has its id renewed,
// which ends it there; the offsets could not be read before. An error is one that
// the client can't recover from.
func (l *loop) recoverProducer(ctx context.Context, err error) error {
	var failed error
	if err != nil {
		l.conn.log.Warn("transaction without an end that is known", "stage", l.config.Stage, "error", err)
		// The client takes itself to be in the transaction until an abort is tried.
		_, failed = l.session.End(ctx, kgo.TryAbort)
	}
	if failed == nil {
		_, _, failed = l.client.ProducerID(ctx)
	}
	if failed != nil && ctx.Err() == nil {
		return l.spent(fmt.Errorf("end a transaction: %w", errors.Join(err, failed)))
	}
	return errors.Join(l.lacking(err), ctx.Err())
}

// errSpent tells that the client can begin no more transactions: the coordinator
// gave one up that took too long, or has fenced the producer. A new client can.
var errSpent = errors.New("the transactional producer is spent")

// spent returns what ends the loop: a missing right, or errSpent with its cause.
func (l *loop) spent(err error) error {
	if lacking := l.lacking(err); lacking != nil {
		return lacking
	}
	return fmt.Errorf("%w: %w", errSpent, err)
}

// lacking returns the error with the right that is missing; nil: none is.
func (l *loop) lacking(err error) error {
	if err == nil {
		return nil
	}
	if explained := l.conn.explain(err, "WRITE", "transactional id "+l.transactionalID()); !errors.Is(err, explained) {
		return explained
	}
	return nil
}

// endPatience is how long a transaction may take to end before callbacks are let
// in.
const endPatience = 5 * time.Second

// end ends the transaction. The client waits for a heartbeat there, and where the
// group has forgotten this member it has first to tell us so: with callbacks held
// back, both would wait for ever. Once callbacks were let in, they and the rest of
// the round take turns.
func (l *loop) end(ctx context.Context, try kgo.TransactionEndTry) (committed bool, err error) {
	allowed := make(chan struct{})
	let := time.AfterFunc(endPatience, func() {
		l.client.AllowRebalance()
		close(allowed)
	})
	committed, err = l.session.End(ctx, try)
	if !let.Stop() {
		<-allowed
		l.conn.log.Warn("a transaction was long in ending: partitions may go meanwhile", "stage", l.config.Stage)
		l.turn.Lock()
		l.letIn = true
	}
	return committed, err
}

// takeTurns ends the round's turn where callbacks were let in.
func (l *loop) takeTurns() {
	if l.letIn {
		l.letIn = false
		l.turn.Unlock()
	}
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
		ours := l.parts[old.number] == old
		l.mu.Unlock()
		if !ours { // lost, or lost and given to us again
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
			l.waitingOn("kafka", nil)
			return nil
		}
		l.waitingOn("kafka", err)
		if !sleep(ctx, pause) {
			return ctx.Err()
		}
	}
}
