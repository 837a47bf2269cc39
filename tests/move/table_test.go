package move_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"drover/tests/move"
)

// pivots are the rows of the table in which something can be lost.
var pivots = []string{"cut-over", "reverse-cut-over"}

// TestEveryStepGoingWrongEndsWell fills the table: all of it in CI, where
// everything has to be there; only the rows of the pivot elsewhere. PostgreSQL,
// whose copies take seconds, has its whole table with DROVER_LONG=1 and in
// `go run ./tests/move/cmd table`.
func TestEveryStepGoingWrongEndsWell(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: -short")
	}
	all := os.Getenv("DROVER_REQUIRE_ALL") == "1"
	for _, driver := range move.TableDrivers() {
		steps := pivots
		if os.Getenv("DROVER_LONG") == "1" || all && driver != "postgres" {
			steps = nil
		}
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			if missing := move.MissingFor(driver); len(missing) > 0 {
				message := "left out: not installed: " + strings.Join(missing, ", ")
				if all {
					t.Fatal(message)
				}
				t.Skip(message)
			}
			fill(t, driver, steps)
		})
	}
}

// fill fills one driver's table and checks every cell.
func fill(t *testing.T, driver string, steps []string) {
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	table, err := move.FillAll(ctx, []string{driver}, steps, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range table.Cells {
		if c.Wrong != "" || len(c.Ends) == 0 {
			t.Errorf("%s, %s, %s: ends %v %s", c.Driver, c.Step, c.Kind, c.Ends, c.Wrong)
		}
	}
	if table.Lost != 0 || table.Acked == 0 {
		t.Errorf("lost %d of %d acknowledged writes", table.Lost, table.Acked)
	}
}
