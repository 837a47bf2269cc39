package stream

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"drover/internal/model"
)

// TestTheNumberOfPartitionsChangesUnderAnotherPrefix follows the procedure of
// docs/topics.md: a second set of topics, producers that write to both, the new
// services beside the old ones until they have what they need.
func TestTheNumberOfPartitionsChangesUnderAnotherPrefix(t *testing.T) {
	old := connect(t) // 4 and 2 partitions
	settings := old.settings
	settings.Prefix = "new."
	next, err := Connect(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := NewAdmin(next)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	plan := Plan{Partitions: Partitions{ByKey: 7, ByFleet: 3}}
	if _, err := admin.Apply(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	if left, err := admin.Check(t.Context(), plan); err != nil || len(left) > 0 {
		t.Fatalf("left to do: %v, %v", left, err)
	}
	const entities, each = 20, 5
	publish := func(conn *Connection, from, to int) {
		t.Helper()
		p := producer(t, conn)
		for at := from; at < to; at++ {
			for i := range entities {
				e := fmt.Sprint("server:", i)
				if err := p.Publish(t.Context(), Metrics, "f", e, metricOf(e, int64(at))); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	publish(old, 0, 2) // the time before
	for _, conn := range []*Connection{old, next} {
		start(t, Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics, Paths, Calls}, NewTask: newCounting,
			Store: newStates(), Fenced: errFenced, SaveEvery: 30 * time.Millisecond})
	}
	publish(old, 2, 2+each)
	publish(next, 2, 2+each)
	await(t, old, entities, lastCountEach(2+each), Forecasts)
	await(t, next, entities, lastCountEach(each), Forecasts)
	used := map[int32]bool{}
	for _, e := range await(t, next, entities*each, nil, Metrics) {
		used[e.Partition] = true
	}
	if len(used) != 7 {
		t.Errorf("the new topic's entities are in %d of 7 partitions", len(used))
	}
}

// lastCountEach keeps one forecast of each entity: the one of a count.
func lastCountEach(count int64) func(Entry) bool {
	return func(e Entry) bool {
		f, ok := e.Event.(model.Forecast)
		return ok && f.Samples == count
	}
}

// TestPartitionsRaisedInPlaceAreTold shows what `topics check` says of them.
func TestPartitionsRaisedInPlaceAreTold(t *testing.T) {
	conn := connect(t)
	admin, err := NewAdmin(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := kadm.NewClient(admin.client).CreatePartitions(t.Context(), 1, conn.Name(Metrics)); err != nil {
		t.Fatal(err)
	}
	left, err := admin.Apply(t.Context(), Plan{Partitions: Partitions{ByKey: 4, ByFleet: 2}})
	if err != nil || len(left) != 1 || !left[0].Manual || left[0].What != "partitions" || left[0].Have != "5" || left[0].Want != "4" {
		t.Errorf("left: %v, %v", left, err)
	}
}
