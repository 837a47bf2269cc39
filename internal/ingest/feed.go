package ingest

import (
	"context"
	"fmt"
	"sync/atomic"

	"drover/internal/model"
	"drover/internal/stage"
)

// Publisher appends emissions to the topics and returns when all of them are
// acknowledged. stream.Producer and the in-memory engine are publishers.
type Publisher interface {
	PublishAll(ctx context.Context, emissions []stage.Emission) error
}

// Feed is what the doors and file readers put events into. It is safe for
// concurrent use.
type Feed struct {
	producer  string
	publisher Publisher
	accepted  atomic.Int64
	refused   atomic.Int64
}

// NewFeed returns a feed that sends its heartbeats under a producer's name.
func NewFeed(producer string, publisher Publisher) *Feed {
	return &Feed{producer: producer, publisher: publisher}
}

// Publish routes events and awaits their acknowledgement. Events that can't be
// accepted are left out and reported by a *Refused; any other error means that
// nothing is known to have been taken.
func (f *Feed) Publish(ctx context.Context, events []any) error {
	emissions := make([]stage.Emission, 0, len(events))
	var refused *Refused
	for _, event := range events {
		var err error
		if emissions, err = appendRoute(emissions, event); err != nil {
			if refused == nil {
				refused = &Refused{First: err}
			}
			refused.Count++
			continue
		}
	}
	if err := f.publisher.PublishAll(ctx, emissions); err != nil {
		return fmt.Errorf("publish %d events: %w", len(emissions), err)
	}
	if refused != nil {
		f.refused.Add(int64(refused.Count))
		f.accepted.Add(int64(len(events) - refused.Count))
		return refused
	}
	f.accepted.Add(int64(len(events)))
	return nil
}

// Heartbeat says in every partition that everything up to at has been sent. The
// caller has awaited the Publish of all that.
func (f *Feed) Heartbeat(ctx context.Context, at model.Instant, final bool) error {
	var emissions []stage.Emission
	for _, topic := range Fed() {
		emissions = append(emissions, stage.Emission{Topic: topic, Partition: stage.EveryPartition,
			Event: model.Heartbeat{Producer: f.producer, At: at, Final: final}})
	}
	if err := f.publisher.PublishAll(ctx, emissions); err != nil {
		return fmt.Errorf("heartbeat at %v: %w", at, err)
	}
	return nil
}

// Counts returns how many events were accepted and refused so far.
func (f *Feed) Counts() (accepted, refused int64) { return f.accepted.Load(), f.refused.Load() }
