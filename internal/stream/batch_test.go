package stream

import (
	"context"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stage"
)

// TestABatchSentAgainIsCountedOnce sends numbered batches as a sender does that
// does not know which of them arrived, and counts what a task is handed.
func TestABatchSentAgainIsCountedOnce(t *testing.T) {
	conn := connect(t)
	p := producer(t, conn)
	send := func(ctx context.Context, round int) {
		t.Helper()
		var out []stage.Emission
		for _, entity := range []model.EntityID{"server:a", "server:b", "server:c"} {
			out = append(out, stage.Emission{Topic: Metrics, Fleet: "f", Key: string(entity), Partition: stage.ByKey,
				Event: model.Metric{Fleet: "f", Entity: entity, At: model.Instant(round)}})
		}
		if err := p.PublishAll(ctx, out); err != nil {
			t.Fatal(err)
		}
	}
	numbered := func(n int64) context.Context { return WithBatch(t.Context(), "f/shop", n) }
	send(numbered(1), 1)
	send(numbered(1), 1) // no answer came
	send(numbered(2), 2)
	send(numbered(1), 1) // a late attempt
	send(numbered(2), 2)
	send(WithoutBatch(numbered(2)), 3) // no batch: counted as it comes
	send(t.Context(), 3)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	counts := map[model.EntityID][]model.Instant{}
	total := 0
	seen := map[int32]*repeats{}
	err := conn.Tail(ctx, FromStart, func(e Entry) error {
		m := e.Event.(model.Metric)
		r := seen[e.Partition]
		if r == nil {
			r = restoreRepeats(nil)
			seen[e.Partition] = r
		}
		if id, ok := e.identity(); !ok || r.fold(id, e.Offset) {
			counts[m.Entity] = append(counts[m.Entity], m.At)
		}
		if total++; total == 21 {
			cancel()
		}
		return nil
	}, Metrics)
	if err != nil || total != 21 {
		t.Fatalf("%d of 21 records read: %v", total, err)
	}
	for entity, at := range counts {
		if len(at) != 4 || at[0] != 1 || at[1] != 2 || at[2] != 3 || at[3] != 3 {
			t.Errorf("%s was counted at %v, want 1 2 3 3", entity, at)
		}
	}
}
