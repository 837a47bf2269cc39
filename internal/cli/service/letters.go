package service

import (
	"context"
	"fmt"

	"drover/internal/model"
	"drover/internal/stream"
	"drover/internal/web/api"
)

// letters deals with dead letters for the HTTP API. The whole records are read
// from the topic: what the console shows of them is cut.
type letters struct {
	connection *stream.Connection
	producer   *stream.Producer
}

// Replay implements api.Letters.
func (l letters) Replay(ctx context.Context, fleet model.FleetID, ids []string) error {
	return l.each(ctx, fleet, ids, l.producer.Replay)
}

// Drop implements api.Letters.
func (l letters) Drop(ctx context.Context, fleet model.FleetID, ids []string) error {
	return l.each(ctx, fleet, ids, l.producer.DropLetter)
}

func (l letters) each(ctx context.Context, fleet model.FleetID, ids []string, do func(context.Context, stream.Letter) error) error {
	all, err := l.connection.Letters(ctx)
	if err != nil {
		return err
	}
	byID := map[string]stream.Letter{}
	for _, letter := range all {
		if letter.Fleet == fleet {
			byID[letter.ID] = letter
		}
	}
	for _, id := range ids {
		if _, ok := byID[id]; !ok {
			return fmt.Errorf("%w: %s", api.ErrNoLetter, id)
		}
	}
	for _, id := range ids {
		if err := do(ctx, byID[id]); err != nil {
			return err
		}
	}
	return nil
}
