package move_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
	"drover/tests/move"
)

// needPostgres is need for PostgreSQL, whose programs may not be in PATH.
func needPostgres(t *testing.T) {
	t.Helper()
	if move.PostgresPrograms() == "" {
		need(t, "postgres")
	}
	need(t, "haproxy")
}

func TestPostgresLosesNothing(t *testing.T) {
	needPostgres(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	r, err := move.Run(ctx, move.Options{Runs: 1, Writers: 8, Writes: 5_000, Seed: 7, Deadline: 20 * time.Second, Say: t.Logf},
		func(ctx context.Context) (move.Scene, error) { return move.NewPostgresSite(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.Lost != 0 || r.Acked < 5_000 {
		t.Fatalf("lost %d of %d acknowledged writes", r.Lost, r.Acked)
	}
}

// TestPostgresCopiesTellHowFarTheyAre makes a copy at a bounded pace and looks on.
func TestPostgresCopiesTellHowFarTheyAre(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	s, err := move.NewPostgresSite(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	type point struct{ done, total int64 }
	var mu sync.Mutex
	var told []point
	command := func(n int, kind model.StepKind) actuator.Command {
		return actuator.Command{
			Step: model.Step{ID: model.NewStepID("p", 0, model.LegForward, n, kind), Plan: "p", Kind: kind, Epoch: 1},
			Move: move.Plan("p", "a", "b").Moves[0],
			Copied: func(done, total int64) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, point{done, total})
			},
			Bound: func() int64 { return 15 << 20 }, // of about 40 MB
		}
	}
	d := s.Driver(nil)
	for n, kind := range []model.StepKind{model.StepAdmit, model.StepProvision, model.StepReplicate} {
		if err := d.Perform(ctx, command(n+1, kind)); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	grew, total := 0, int64(0)
	for i := range told {
		total = max(total, told[i].total)
		if i > 0 && told[i].done > told[i-1].done {
			grew++
		}
	}
	t.Logf("told %d times, %d bytes in all", len(told), total)
	if grew < 2 || total < 10<<20 {
		t.Errorf("told %v", told)
	}
}
