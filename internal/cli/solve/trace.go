package solve

import (
	"bytes"
	"fmt"
	"strconv"

	"drover/internal/solver"
)

// trace is the way that the cost went: a row of CSV for a better placement,
// written when the search is over.
type trace struct {
	rows bytes.Buffer
	last float64 // CPU seconds of the last row
}

// traceStep is how much CPU time grows from row to row: a long search ends with
// rows a little apart on a logarithmic axis.
const traceStep = 1.01

// note keeps a message of the search; placements that break constraints have no gap.
func (t *trace) note(p solver.Progress, cpu float64) {
	if p.Violated || cpu < t.last*traceStep {
		return
	}
	t.add(cpu, p.Evaluations, p.Cost)
}

func (t *trace) add(cpu float64, evaluations, cost int64) {
	t.last = cpu
	fmt.Fprintf(&t.rows, "%s,%d,%d\n", strconv.FormatFloat(cpu, 'f', 3, 64), evaluations, cost)
}

// write ends the trace with the answer and writes it beside its lower bound.
func (t *trace) write(path string, r *roadefReport) error {
	t.add(max(t.last, r.CPUSeconds), r.MovesEvaluated, r.Objective)
	text := fmt.Sprintf("cpu_s,evaluations,cost\n0,0,%d\n%s# lower_bound %d\n", r.InitialObjective, t.rows.String(), r.LowerBound)
	return writeWhole(path, []byte(text))
}
