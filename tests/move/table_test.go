package move_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"drover/tests/move"
)

// fillTable tries every cell of one driver.
func fillTable(t *testing.T, driver string, open func(context.Context) (move.Scene, error)) {
	ctx, cancel := context.WithTimeout(t.Context(), 7*time.Minute)
	defer cancel()
	var table move.Table
	if err := table.Fill(ctx, driver, t.Logf, open); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := table.Write(&b); err != nil {
		t.Fatal(err)
	}
	t.Log(b.String())
	for _, c := range table.Cells {
		if c.Wrong != "" || len(c.Ends) == 0 {
			t.Errorf("%s, %s: %v %s", c.Step, c.Kind, c.Ends, c.Wrong)
		}
	}
	if table.Lost != 0 || table.Acked == 0 {
		t.Errorf("lost %d of %d acknowledged writes", table.Lost, table.Acked)
	}
}

func TestTableRedis(t *testing.T) {
	need(t, "redis-server", "haproxy")
	fillTable(t, "redis", func(ctx context.Context) (move.Scene, error) { return move.NewRedisSite(ctx) })
}
