package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"drover/internal/cli/service"
	"drover/internal/config"
	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/store"
	"drover/internal/stream"
)

var (
	errStages = errors.New("--stages: want all or none")
	errOutput = errors.New("-o: want table or json")
)

// errDone ends a run when everything that was waited for has been seen.
var errDone = errors.New("done")

// job is one replay: what it feeds, and what it waits for.
type job struct {
	conf     *config.Config
	producer string
	stages   bool
	// feed sends everything from behind the last heartbeat on.
	feed func(ctx context.Context, feed *ingest.Feed, after model.Instant) error
	// watch takes a record of the stages' outputs; it returns true when the replay
	// is complete.
	watch  func(stage.Record) (done bool)
	topics []string
}

// run feeds, runs the stages if they are to run here, and waits for the end.
func (j *job) run(ctx context.Context) error {
	closers, err := j.embed()
	defer func() {
		for i := len(closers) - 1; i >= 0; i-- {
			closers[i]()
		}
	}()
	if err != nil {
		return err
	}
	log := service.NewLogger(j.conf, os.Stderr)
	r, err := service.Open(ctx, j.conf, log)
	if err != nil {
		return err
	}
	closers = append(closers, func() { _ = r.Close() }) // nothing is lost with it
	if err := r.Apply(ctx); err != nil {
		return err
	}
	after, err := j.lastHeartbeat(ctx, r)
	if err != nil {
		return err
	}
	producer, err := stream.NewProducer(r.Connection)
	if err != nil {
		return err
	}
	closers = append(closers, producer.Close)
	return j.all(ctx, r, ingest.NewFeed(j.producer, producer), after)
}

// embed starts a broker and a store within the process where none are named.
func (j *job) embed() (closers []func(), err error) {
	if len(j.conf.Kafka.Brokers) > 0 {
		return nil, nil
	}
	broker, err := stream.StartEmbedded("")
	if err != nil {
		return nil, err
	}
	closers = append(closers, broker.Close)
	redis, err := store.StartEmbedded()
	if err != nil {
		return closers, err
	}
	closers = append(closers, redis.Close)
	j.conf.Kafka.Brokers, j.conf.Redis.Addresses = broker.Brokers(), []string{redis.Address()}
	return closers, nil
}

// settleTime is how long brokers may take until every one of them knows of topics
// that have just been made.
const settleTime = 20 * time.Second

// lastHeartbeat returns how far an earlier run under the same prefix has come.
func (j *job) lastHeartbeat(ctx context.Context, r *service.Runtime) (model.Instant, error) {
	patience, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for {
		last := model.NoInstant
		err := r.Connection.ReadAll(ctx, func(e stream.Entry) error {
			if h, ok := e.Event.(model.Heartbeat); ok && h.Producer == j.producer {
				last = max(last, h.At)
			}
			return nil
		}, stream.Control)
		if err == nil {
			return last, nil
		}
		select {
		case <-patience.Done():
			return 0, fmt.Errorf("read how far the replay has come: %w", err)
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// all runs the parts side by side until the watch is done.
func (j *job) all(ctx context.Context, r *service.Runtime, feed *ingest.Feed, after model.Instant) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	begin := func(what string, fn func() error) {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := fn(); err != nil {
				cancel(fmt.Errorf("%s: %w", what, err))
			}
		}()
	}
	if j.stages {
		stages, err := service.Stages(j.conf, service.Version())
		if err != nil {
			return err
		}
		for _, s := range stages.Stages() {
			begin(s.Name, func() error { return r.RunStage(ctx, s) })
		}
	}
	begin("watch", func() error {
		return r.Connection.Tail(ctx, stream.FromStart, func(e stream.Entry) error {
			if e.Err != nil {
				return e.Err
			}
			if j.watch(stage.Record{Topic: e.Topic, Partition: e.Partition, Offset: e.Offset, Event: e.Event}) {
				return errDone
			}
			return nil
		}, j.topics...)
	})
	begin("feed", func() error { return j.feed(ctx, feed, after) })
	<-ctx.Done()
	cause := context.Cause(ctx)
	group.Wait()
	if errors.Is(cause, errDone) {
		return nil
	}
	return cause
}
