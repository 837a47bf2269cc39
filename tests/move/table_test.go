package move_test

import (
	"context"
	"os"
	"testing"
	"time"

	"drover/tests/leaveout"
	"drover/tests/move"
)

// pivots are the rows of the table in which something can be lost.
var pivots = []string{"cut-over", "reverse-cut-over"}

// TestEveryStepGoingWrongEndsWell fills the table: all of it in CI, where
// everything has to be there; only the rows of the pivot elsewhere. PostgreSQL,
// whose copies take seconds, and the process driver's variants have their whole
// tables with DROVER_LONG=1 and in `make executor-table`.
func TestEveryStepGoingWrongEndsWell(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: -short")
	}
	all := os.Getenv("DROVER_REQUIRE_ALL") == "1"
	for _, c := range move.Columns() {
		steps := pivots
		switch c.Driver {
		case "simulator", "update":
			steps = nil
		case "redis", "files", "http":
			if all {
				steps = nil
			}
		}
		if os.Getenv("DROVER_LONG") == "1" {
			steps = nil
		}
		t.Run(c.Driver, func(t *testing.T) {
			t.Parallel()
			leaveout.Missing(t, c.Missing()...)
			fill(t, c, steps)
		})
	}
}

// fill fills one driver's table and checks every cell.
func fill(t *testing.T, c move.Column, steps []string) {
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	tables, err := move.FillColumns(ctx, []move.Column{c}, steps, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	table := tables[0]
	for _, c := range table.Cells {
		if c.Wrong != "" || len(c.Ends) == 0 {
			t.Errorf("%s, %s, %s: ends %v %s", table.Driver, c.Step, c.Kind, c.Ends, c.Wrong)
		}
	}
	if table.Lost != 0 || table.Acked == 0 && table.Driver != "simulator" {
		t.Errorf("lost %d of %d acknowledged writes", table.Lost, table.Acked)
	}
	if steps == nil && !table.Whole() {
		t.Errorf("%d cells", len(table.Cells))
	}
}
