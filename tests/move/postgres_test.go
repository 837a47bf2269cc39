package move_test

import (
	"context"
	"testing"
	"time"

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
