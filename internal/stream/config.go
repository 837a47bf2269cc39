package stream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"drover/internal/stage"
)

// Mode says how a stage's outputs and its state are kept together.
type Mode uint8

// The modes.
const (
	// Snapshot is for stages of high volume: outputs are sent as they come, and
	// on a cadence, once all are acknowledged, the whole state is saved. A crash
	// in between repeats outputs, which carry the same ids again.
	Snapshot Mode = iota
	// Transaction is for stages whose every output counts: outputs and offsets
	// are one Kafka transaction, after which the state is saved. A crash in
	// between leaves a state that is brought up to the transaction by reading
	// again, without sending again.
	Transaction
)

// StateStore keeps the state of partitions; internal/store implements it.
// Every write carries the owner's epoch and must be refused with an error that
// wraps Fenced where a greater one has claimed the state.
type StateStore interface {
	Claim(ctx context.Context, group string, partition int32, epoch int64, force bool) error
	Save(ctx context.Context, group string, partition int32, epoch int64, state []byte) error
	Load(ctx context.Context, group string, partition int32) (state []byte, found bool, err error)
}

// Assignment is one partition that this process has come to own.
type Assignment struct {
	Partition int32
	// Epoch is the group's member epoch (KIP-848) or generation (classic) that
	// the partition came with: it rises with every change of owner.
	Epoch int64
	Task  stage.Task
}

// Config says what Run runs.
type Config struct {
	Connection *Connection
	// Stage stands in the ids of what the stage emits, and in metrics.
	Stage string
	// Group is the consumer group; empty: the stage's name.
	Group string
	// Topics are the inputs. They must have equally many partitions: the task of
	// a number gets that partition of each.
	Topics  []string
	NewTask func(partition int32) stage.Task
	Mode    Mode
	Store   StateStore
	// Fenced is the error that Store wraps where it refuses a write.
	Fenced error
	// SaveEvery is the cadence of snapshots (Transaction: of saving progress
	// while nothing is emitted). 0 means 10 s.
	SaveEvery time.Duration
	// MaxPoll is how many records one round reads. 0 means 20,000.
	MaxPoll int
	// Instance, where not empty, is the static member's name: a restart under the
	// same name within the session's time moves no partition.
	Instance string
	// Classic runs the classic group protocol (cooperative) instead of KIP-848.
	Classic bool
	// SessionTimeout is the classic protocol's; 0 means 10 s. KIP-848 has the
	// broker's.
	SessionTimeout time.Duration

	// OnAssigned is called once a partition's state is restored and caught up,
	// before its task gets a new record. OnRevoked follows when it goes.
	// OnCommitted tells what a task has emitted, in order, once it is durable
	// (Transaction only); after a crash in between it is not told again: what is
	// in the task's state when OnAssigned comes is what stands. All are called
	// from the loop and hold it up.
	OnAssigned  func(Assignment)
	OnRevoked   func(partition int32)
	OnCommitted func(partition int32, emissions []stage.Emission)

	// member ends the transactional id, for as long as Run runs.
	member string
}

func (c *Config) complete() error {
	switch {
	case c.Connection == nil || c.NewTask == nil || c.Store == nil:
		return errors.New("stream: Connection, NewTask and Store are needed")
	case c.Stage == "" || len(c.Topics) == 0:
		return errors.New("stream: Stage and Topics are needed")
	}
	if c.Group == "" {
		c.Group = c.Stage
	}
	if c.SaveEvery <= 0 {
		c.SaveEvery = 10 * time.Second
	}
	if c.MaxPoll <= 0 {
		c.MaxPoll = 20_000
	}
	if c.SessionTimeout <= 0 {
		c.SessionTimeout = 10 * time.Second
	}
	if c.member = c.Instance; c.member == "" {
		c.member = rand.Text()[:10]
	}
	return nil
}

// Run runs a stage until ctx ends (nil, after an orderly hand-over) or something
// happens that reading on would make worse (an error). A broker, store or
// registry that doesn't answer is no such thing: Run waits and tries again. Where
// the client's transactions have come to an end, Run does what a restart of the
// process would: it leaves the group and begins anew, from the saved states.
func Run(ctx context.Context, config Config) error {
	if err := config.complete(); err != nil {
		return err
	}
	for {
		err := runOnce(ctx, config)
		if err == nil {
			return nil
		}
		if !errors.Is(err, errSpent) {
			return fmt.Errorf("stage %s: %w", config.Stage, err)
		}
		config.Connection.meters.transaction.WithLabelValues(config.Stage, "renewed").Inc()
		config.Connection.log.Warn("beginning anew", "stage", config.Stage, "error", err)
		if !sleep(ctx, renewAfter) {
			return nil
		}
	}
}

// renewAfter is how long Run waits before it begins anew.
const renewAfter = time.Second

func runOnce(ctx context.Context, config Config) error {
	l, err := newLoop(ctx, config)
	if err != nil {
		return err
	}
	return l.run(ctx)
}
