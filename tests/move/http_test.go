package move_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"drover/tests/move"
)

func TestMain(m *testing.M) {
	move.ServeIfAsked()
	abandonIfAsked()
	flag.Parse()
	if err := flag.Set("test.parallel", "3"); err != nil { // they wait, mostly
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(m.Run())
}

func TestHTTPFailsNoRequest(t *testing.T) {
	need(t, "haproxy")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := move.Run(ctx, move.Options{Runs: 1, Writers: 8, Writes: 5_000, Seed: 7, Say: t.Logf, Faults: move.GentleFaults()},
		func(ctx context.Context) (move.Scene, error) { return move.NewHTTPSite(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", r)
	if r.FailedRequests != 0 || r.Acked < 5_000 {
		t.Fatalf("%d of %d requests failed", r.FailedRequests, r.Acked)
	}
}
