package move_test

import (
	"context"
	"os"
	"testing"
	"time"

	"drover/tests/leaveout"
	"drover/tests/move"
)

// need skips a test whose programs aren't installed, or fails it where all of
// them have to be.
func need(t *testing.T, programs ...string) {
	t.Helper()
	leaveout.Missing(t, move.Missing(programs...)...)
}

func TestRedisLosesNothing(t *testing.T) {
	need(t, "redis-server", "haproxy")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	r, err := move.Run(ctx, move.Options{Runs: 1, Writers: 8, Writes: 20_000, Seed: 7, Say: t.Logf},
		func(ctx context.Context) (move.Scene, error) { return move.NewRedisSite(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.Lost != 0 || r.Acked < 20_000 {
		t.Fatalf("lost %d of %d acknowledged writes", r.Lost, r.Acked)
	}
}

// TestNaivePromotionIsCaught is the negative control: a checker that finds
// nothing lost after a promotion without care wouldn't find anything.
func TestNaivePromotionIsCaught(t *testing.T) {
	need(t, "redis-server", "haproxy")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	lost, acked, err := move.LoseNaively(ctx, 8, 4_000)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("naive promotion lost %d of %d acknowledged writes", lost, acked)
	if lost == 0 {
		t.Error("a naive promotion under load lost nothing: the checker is blind")
	}
}

func TestRedisMovesBetweenNamespaces(t *testing.T) {
	need(t, "redis-server", "haproxy", "ip")
	if os.Getuid() != 0 {
		t.Skip("left out: network namespaces need root")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	r, err := move.Run(ctx, move.Options{Runs: 1, Writers: 4, Writes: 4_000, Seed: 3, Say: t.Logf},
		func(ctx context.Context) (move.Scene, error) { return move.NewNamespacedRedisSite(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.Lost != 0 {
		t.Fatalf("lost %d of %d acknowledged writes", r.Lost, r.Acked)
	}
}

// TestKilledProgramsGoOn kills a driver's process (SIGKILL) at every point of
// every step of a move, and runs it again.
func TestKilledProgramsGoOn(t *testing.T) {
	need(t, "redis-server", "haproxy")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s, err := move.NewRedisSite(ctx)
	if err != nil {
		t.Fatal(err)
	}
	points, acked, lost, err := move.KillEverywhere(ctx, s)
	if closed := s.Close(); err == nil {
		err = closed
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("killed at %d points, %d of %d acknowledged writes lost", points, lost, acked)
	if lost != 0 || acked == 0 || points < 20 {
		t.Errorf("killed at %d points, %d of %d acknowledged writes lost", points, lost, acked)
	}
}
