package move_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"drover/tests/move"
)

// TestEveryStepGoingWrongEndsWell fills the whole table. It takes some minutes,
// nearly all of them waiting.
func TestEveryStepGoingWrongEndsWell(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: -short")
	}
	var drivers []string
	for _, name := range move.TableDrivers() {
		if missing := move.MissingFor(name); len(missing) == 0 {
			drivers = append(drivers, name)
		} else if os.Getenv("DROVER_REQUIRE_ALL") == "1" {
			t.Fatalf("%s: not installed: %s", name, strings.Join(missing, ", "))
		}
	}
	if len(drivers) == 0 {
		t.Skip("left out: neither HAProxy nor any server is installed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	table, err := move.FillAll(ctx, drivers, nil, t.Logf)
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
