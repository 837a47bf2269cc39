package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// loop runs one stage's partitions in this process. Rounds (fold, publish, save)
// and rebalance callbacks exclude each other: the client holds callbacks back from
// the moment a poll returns until AllowRebalance, and lets them in while a poll
// waits. mu guards what both touch all the same.
type loop struct {
	config    Config
	conn      *Connection
	ctx       context.Context // of the work: it outlives Run's by the patience
	client    *kgo.Client
	session   *kgo.GroupTransactSession // Transaction only
	admin     *kadm.Client
	ready     chan struct{}              // closed once the fields above are set: the client calls back at once
	broadcast map[string]map[string]bool // by topic: event types that stand in any partition
	widths    map[string]int32           // partitions of the topics emitted to
	names     map[string]string          // the broker's, of all topics

	endFormer sync.Once // of Transaction only: see claimTransactions
	// turn is held while partitions are taken away, and by a round from the moment
	// its transaction had to let callbacks in; letIn tells that it is.
	turn  sync.Mutex
	letIn bool

	mu    sync.Mutex
	parts map[int32]*part
	// owned are the topics that the group has given us of each number.
	owned map[int32]map[string]int64 // epoch by topic
	// durable are the read positions that the group's commits stand for.
	durable map[string]map[int32]int64
	// seek are inputs whose partition came before the rest of its number.
	seek map[string]map[int32]kgo.EpochOffset

	saveDue, reportDue time.Time
	// polling ends the wait of the next poll: callbacks call wake, since what they
	// bring has to be taken up.
	polling context.Context
	wake    context.CancelFunc
	// whole is true between rounds that were finished: what the parts hold in
	// memory then is what they have sent. Only then may they be saved.
	whole      bool
	sent       sync.WaitGroup
	slabs      sync.Pool             // of *slab
	sendFailed atomic.Pointer[error] // the first failed publication
	failed     atomic.Pointer[error] // what a callback met that ends the loop
}

func newLoop(ctx context.Context, config Config) (*loop, error) {
	l := &loop{config: config, conn: config.Connection, ctx: ctx, whole: true, ready: make(chan struct{}), broadcast: map[string]map[string]bool{}, widths: map[string]int32{}, names: map[string]string{},
		parts: map[int32]*part{}, owned: map[int32]map[string]int64{}, durable: map[string]map[int32]int64{},
		seek: map[string]map[int32]kgo.EpochOffset{}}
	for _, t := range topology {
		l.names[t.Name] = config.Connection.Name(t.Name)
	}
	for _, name := range config.Topics {
		t, err := TopicNamed(name)
		if err != nil {
			return nil, err
		}
		l.broadcast[name] = map[string]bool{"Heartbeat": true, "Marker": true}
		for _, event := range t.Broadcast {
			l.broadcast[name][event] = true
		}
	}
	l.saveDue = time.Now().Add(config.SaveEvery)
	l.arm(ctx)
	var err error
	if config.Mode == Transaction {
		opts := append(l.conn.options(), l.options()...)
		opts = append(opts, kgo.TransactionalID(l.transactionalID()), kgo.TransactionTimeout(15*time.Second))
		if l.session, err = kgo.NewGroupTransactSession(opts...); err != nil {
			return nil, fmt.Errorf("kafka client: %w", err)
		}
		l.client = l.session.Client()
	} else if l.client, err = l.conn.client(l.options()...); err != nil {
		return nil, err
	}
	l.admin = kadm.NewClient(l.client)
	close(l.ready)
	return l, nil
}

// transactionalID is the static member's where there is one, so that a restart
// ends at once what its former life left open. Otherwise it is a new one: who
// may commit is fenced by the group, not by this name.
func (l *loop) transactionalID() string { return l.conn.Name(l.config.Group) + "-" + l.config.member }

// snapshotBuffered is how many bytes of records a loop in Snapshot mode has under
// way: enough for a broker to be busy, and so few that the same memory is used
// again while it is still in the processor's cache.
const snapshotBuffered = 16 << 20

// options are those of the loop's client.
func (l *loop) options() []kgo.Opt {
	c := l.config
	opts := append(l.conn.produceOptions(),
		kgo.ConsumerGroup(l.conn.Name(c.Group)),
		kgo.ConsumeTopics(l.conn.names(c.Topics)...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.FetchMaxBytes(16<<20),
		kgo.FetchMaxPartitionBytes(4<<20),
		kgo.FetchMaxWait(500*time.Millisecond),
		kgo.OnPartitionsAssigned(l.onAssigned),
		kgo.OnOffsetsFetched(l.onFetched),
		kgo.AdjustFetchOffsetsFn(l.onStart),
		kgo.OnPartitionsRevoked(l.onRevoked),
		kgo.OnPartitionsLost(l.onLost),
	)
	if c.Mode == Snapshot {
		// What a forecaster says is numbers with all their digits: compressing them
		// saves a tenth of the bytes and costs more than all its models.
		opts = append(opts, kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.MaxBufferedBytes(snapshotBuffered))
	}
	if c.Instance != "" {
		opts = append(opts, kgo.InstanceID(c.Instance))
	}
	if c.Classic {
		return append(opts, kgo.Balancers(numberBalancer{}), kgo.SessionTimeout(c.SessionTimeout),
			kgo.HeartbeatInterval(c.SessionTimeout/10), kgo.RebalanceTimeout(max(c.SessionTimeout, 30*time.Second)))
	}
	// The server's range assignor gives co-partitioned topics' equal numbers to
	// the same member; the client only asks for it where range comes first.
	return append(opts, kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer()), kgo.RebalanceTimeout(30*time.Second))
}

// patience is how long a loop that was told to end may take to finish its round
// and hand over.
const patience = 10 * time.Second

func (l *loop) run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(patience, cancel) })
	defer stop()
	l.ctx = work
	defer l.close()
	defer func() { l.wake() }()
	for ctx.Err() == nil {
		err := l.round(work)
		l.whole = err == nil
		l.arm(ctx)
		l.takeTurns()
		l.client.AllowRebalance()
		if err != nil && ctx.Err() != nil {
			l.conn.log.Warn("the last round was not finished: its work will be done again", "stage", l.config.Stage, "error", err)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// arm prepares the next poll, which ctx, the next save and wake end. Callbacks may
// come from here on.
func (l *loop) arm(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wake != nil {
		l.wake()
	}
	l.polling, l.wake = context.WithDeadline(ctx, l.saveDue)
}

// awake ends a poll that waits.
func (l *loop) awake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wake()
}

// round polls once and does everything that comes of it. Nothing is touched before
// the poll has returned: until then rebalances may come.
func (l *loop) round(work context.Context) error {
	fetches := l.client.PollRecords(l.polling, l.config.MaxPoll)
	l.whole = false
	if failed := l.failed.Load(); failed != nil {
		return *failed
	}
	if err := l.conn.fetchError(fetches); err != nil {
		return err
	}
	l.applySeeks()
	busy := l.distribute(fetches)
	if err := l.announce(work); err != nil {
		return err
	}
	if err := l.each(busy, func(p *part) { p.work(work) }); err != nil {
		return err
	}
	if err := l.announce(work); err != nil { // those that have just caught up
		return err
	}
	if err := l.finish(work); err != nil {
		return err
	}
	l.applySeeks() // of parts that were made anew: before anything more is read
	l.pauseAndResume()
	l.report()
	return nil
}

// distribute puts the fetched records to their parts and returns those that got
// some.
func (l *loop) distribute(fetches kgo.Fetches) []*part {
	l.mu.Lock()
	defer l.mu.Unlock()
	var busy []*part
	n := 0
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		p := l.parts[f.Partition]
		if p == nil || len(f.Records) == 0 {
			return
		}
		if len(p.batch) == 0 {
			busy = append(busy, p)
		}
		topic := l.conn.logical(f.Topic)
		p.batch[topic] = append(p.batch[topic], f.Records...)
		n += len(f.Records)
		l.conn.meters.records.WithLabelValues(l.config.Stage, topic).Add(float64(len(f.Records)))
		last := f.Records[len(f.Records)-1].Offset
		l.conn.meters.lag.WithLabelValues(l.config.Stage, topic, fmt.Sprint(f.Partition)).Set(float64(f.HighWatermark - last - 1))
	})
	if n > 0 {
		l.conn.meters.batch.WithLabelValues(l.config.Stage).Observe(float64(n))
	}
	return busy
}

// each runs fn on parts side by side and returns the first error in the order of
// the parts.
func (l *loop) each(parts []*part, fn func(*part)) error {
	if len(parts) == 1 {
		fn(parts[0])
		return parts[0].err
	}
	var wg sync.WaitGroup
	for _, p := range parts {
		wg.Go(func() { fn(p) })
	}
	wg.Wait()
	for _, p := range parts {
		if p.err != nil {
			return p.err
		}
	}
	return nil
}

// all returns the parts in order.
func (l *loop) all() []*part {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]*part, 0, len(l.parts))
	for _, n := range sortedKeys(l.parts) {
		out = append(out, l.parts[n])
	}
	return out
}

// announce tells the service of parts that are up to date, and lets these take
// what came ahead.
func (l *loop) announce(ctx context.Context) error {
	for _, p := range l.all() {
		if p.announced || p.catching {
			continue
		}
		p.announced = true
		if l.config.OnAssigned != nil {
			l.config.OnAssigned(Assignment{Partition: p.number, Epoch: p.epoch, Task: p.task})
		}
		if p.release(ctx); p.err != nil {
			return p.err
		}
	}
	return nil
}

// waitingOn says in log and figures what holds progress up; a nil error says
// that nothing does any more.
func (l *loop) waitingOn(what string, err error) {
	gauge := l.conn.meters.waiting.WithLabelValues(l.config.Stage, what)
	if err == nil {
		gauge.Set(0)
		return
	}
	gauge.Set(1)
	l.conn.log.Warn("waiting", "stage", l.config.Stage, "on", what, "error", err)
}

// width returns the number of partitions of a topic, waiting for a broker that
// doesn't answer.
func (l *loop) width(topic string) (int32, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for pause := 50 * time.Millisecond; l.widths[topic] == 0; pause = min(2*pause, 2*time.Second) {
		n, err := l.conn.count(l.ctx, l.admin, topic)
		switch {
		case err == nil:
			l.widths[topic] = n
			l.waitingOn("kafka", nil)
		case !sleep(l.ctx, pause):
			return 0, errors.Join(err, l.ctx.Err())
		default:
			l.waitingOn("kafka", err)
		}
	}
	return l.widths[topic], nil
}
