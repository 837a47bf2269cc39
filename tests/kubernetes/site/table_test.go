package site_test

import (
	"errors"
	"os"
	"testing"

	"drover/tests/kubernetes/programs"
	"drover/tests/kubernetes/site"
	"drover/tests/leaveout"
	"drover/tests/move"
)

// TestEveryStepGoingWrongEndsWell fills the driver's table: the rows of the pivot
// in CI, all of them with DROVER_LONG=1 and in `make executor-table`.
func TestEveryStepGoingWrongEndsWell(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: -short")
	}
	if _, err := programs.Find(); errors.Is(err, programs.ErrNotBuilt) {
		leaveout.Missing(t, err.Error())
	}
	steps := []string{"cut-over", "reverse-cut-over"}
	if os.Getenv("DROVER_LONG") == "1" {
		steps = nil
	}
	world := site.World()
	tables, err := move.FillColumns(t.Context(), []move.Column{world.Column()}, steps, t.Logf)
	must(t, err)
	if wrong := tables.Wrong(); len(wrong) > 0 {
		t.Error(wrong)
	}
}
