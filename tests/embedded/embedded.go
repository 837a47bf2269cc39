// Package embedded starts the broker and the Redis that live within the process,
// for tests that need no real ones. What it started ends with the test.
package embedded

import (
	"testing"

	"drover/internal/store"
	"drover/internal/stream"
)

// Broker starts a broker.
func Broker(t testing.TB) *stream.Embedded {
	t.Helper()
	broker, err := stream.StartEmbedded("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	return broker
}

// Redis starts a Redis and returns its address.
func Redis(t testing.TB) string {
	t.Helper()
	redis, err := store.StartEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	return redis.Address()
}
