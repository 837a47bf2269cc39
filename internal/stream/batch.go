package stream

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"
)

// batchKey is the context key of a sender's batch.
type batchKey struct{}

// WithBatch returns a context whose publication is a sender's batch of a number.
// Its records carry ids made of both, so that readers drop what a sender that
// got no answer sends again. A sender's numbers rise, a batch sent again holds
// the same events in the same order, and one is sent at a time: readers take
// whatever stands at or before the last id for a repeat.
func WithBatch(ctx context.Context, sender string, number int64) context.Context {
	return context.WithValue(ctx, batchKey{}, identity{source: "sender/" + sender, offset: number})
}

// WithoutBatch returns a context whose publication is no numbered batch.
func WithoutBatch(ctx context.Context) context.Context {
	return context.WithValue(ctx, batchKey{}, nil)
}

// numbered returns the headers of the i-th emission of a publication.
func numbered(ctx context.Context, i int, headers []kgo.RecordHeader) []kgo.RecordHeader {
	id, ok := ctx.Value(batchKey{}).(identity)
	if !ok {
		return headers
	}
	id.index = int64(i)
	return append(id.headers(), headers...)
}
