package stream

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/model"
	"drover/internal/stream"
	"drover/tests/stream/servers"
)

// TestOnOneBroker runs both modes and both group protocols on a real broker, and
// asks the broker which protocol is really in use.
func TestOnOneBroker(t *testing.T) {
	up := servers.Start(t, 1)
	conn := apply(t, up.Brokers, stream.Plan{Partitions: stream.Partitions{ByKey: 4, ByFleet: 2}})
	p, err := stream.NewProducer(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	client, err := kgo.NewClient(kgo.SeedBrokers(up.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)

	first := []job{{Stage: stream.Forecaster, Instance: "f0"}, {Stage: stream.Planner}}
	for i := range first {
		first[i].Brokers, first[i].Redis = up.Brokers, up.Redis
		first[i].start(t)
	}
	publish := func(round int64) {
		t.Helper()
		for _, entity := range []string{"server:a", "server:b"} {
			m := model.Metric{Fleet: "f", Entity: model.EntityID(entity), At: model.Instant(round)}
			if err := p.Publish(t.Context(), stream.Metrics, "f", entity, m); err != nil {
				t.Fatal(err)
			}
		}
	}
	publish(1)
	evaluations(t, conn, 2)

	for _, group := range []string{"t.forecaster", "t.planner"} {
		described, err := admin.DescribeConsumerGroups(t.Context(), group)
		if err != nil {
			t.Fatal(err)
		}
		g := described[group]
		if g.Err != nil || len(g.Members) != 1 || g.AssignorName != "range" || g.Epoch < 1 {
			t.Errorf("group %s is not of KIP-848 with the range assignor: %+v", group, g)
		}
		if kind := groupType(t, client, group); kind != "consumer" {
			t.Errorf("group %s is of type %q, want consumer", group, kind)
		}
	}
	t.Run("a member joins and leaves", func(t *testing.T) {
		second := job{Brokers: up.Brokers, Redis: up.Redis, Stage: stream.Forecaster}.start(t)
		awaitMembers(t, admin, "t.forecaster", 2)
		publish(2)
		evaluations(t, conn, 4)
		second.Kill()
		publish(3) // some partitions are the dead member's until its session ends
		evaluations(t, conn, 6)
	})
	t.Run("the number of partitions changes", func(t *testing.T) { morePartitions(t, up, conn, publish) })
}

// morePartitions follows docs/topics.md on the way to more partitions: a second set
// of topics, the new stages beside the old ones, the same sent to both. publish is
// the old senders' next round.
func morePartitions(t *testing.T, up *servers.Servers, old *stream.Connection, publish func(round int64)) {
	const prefix, entities, rounds = "wide.", 20, 3
	next := applyUnder(t, prefix, up.Brokers, stream.Plan{Partitions: stream.Partitions{ByKey: 7, ByFleet: 3}})
	p, err := stream.NewProducer(next)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, stage := range []string{stream.Forecaster, stream.Planner} {
		job{Brokers: up.Brokers, Redis: up.Redis, Stage: stage, Prefix: prefix}.start(t)
	}
	for round := range int64(rounds) {
		publish(4 + round)
		for e := range entities {
			m := model.Metric{Fleet: "f", Entity: model.EntityID(fmt.Sprint("server:", e)), At: model.Instant(1 + round)}
			if err := p.Publish(t.Context(), stream.Metrics, "f", string(m.Entity), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	evaluations(t, old, 6+2*rounds) // what runs goes on
	evaluations(t, next, entities*rounds)
	used, seen := map[int32]bool{}, 0
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := errors.New("all seen")
	err = next.Tail(ctx, stream.FromStart, func(e stream.Entry) error {
		used[e.Partition] = true
		if seen++; seen == entities*rounds {
			return done
		}
		return nil
	}, stream.Metrics)
	if !errors.Is(err, done) || len(used) != 7 {
		t.Errorf("%d entities are in %d of 7 partitions (%v)", entities, len(used), err)
	}
}

// awaitMembers waits until a group has so many members that all have partitions.
func awaitMembers(t *testing.T, admin *kadm.Client, group string, n int) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		described, err := admin.DescribeConsumerGroups(t.Context(), group)
		busy := 0
		if err == nil {
			for _, m := range described[group].Members {
				if len(m.Assignment) > 0 {
					busy++
				}
			}
		}
		if busy == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d members have partitions, want %d (%v)", busy, n, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// evaluations waits for n evaluations and checks that none tells of a gap or a
// repeat.
func evaluations(t *testing.T, conn *stream.Connection, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	seen, done := 0, context.Canceled
	err := conn.Tail(ctx, stream.FromStart, func(e stream.Entry) error {
		v, ok := e.Event.(model.Evaluation)
		if !ok || v.Reason != "" {
			t.Errorf("evaluation %+v", e)
		}
		if seen++; seen == n {
			return done
		}
		return nil
	}, stream.Scenarios)
	if !errors.Is(err, done) {
		t.Fatalf("%d of %d evaluations came: %v", seen, n, err)
	}
}
