package api

import (
	"drover/internal/model"
	"drover/internal/web/readmodel"
)

// forward are the steps of a move, for progress.
var forward = []model.StepKind{model.StepAdmit, model.StepProvision, model.StepReplicate, model.StepCatchUp, model.StepCutOver, model.StepWatch, model.StepRetire}

// stepsOf pairs the intents of the executor's log with their outcomes.
func stepsOf(r *readmodel.Run, at model.Instant) []Step {
	out := []Step{}
	open := map[model.StepID]int{}
	for i := range r.Steps {
		st := &r.Steps[i]
		if at != 0 && st.At > at {
			break
		}
		if st.Phase == model.PhaseIntent {
			if _, again := open[st.ID]; again {
				continue // told again after a crash
			}
			open[st.ID] = len(out)
			out = append(out, Step{ID: st.ID, Move: st.MoveIndex, Kind: st.Kind, Compensation: st.Compensation, Reverse: st.Leg() == model.LegReverse,
				Attempt: st.Attempt, State: "running", Started: st.At, Deadline: st.Deadline})
			continue
		}
		if j, ok := open[st.ID]; ok && out[j].Ended == 0 {
			out[j].State, out[j].Ended, out[j].Reason = string(st.Phase), st.At, st.Reason
		}
	}
	return out
}

func executionRow(r *readmodel.Run, status *readmodel.Status, steps []Step) ExecutionRow {
	row := ExecutionRow{PlanRow: planRow(r, status)}
	bytes := map[int]int64{}
	for i := range r.Plan.Moves {
		m := &r.Plan.Moves[i]
		row.DataBytes += m.DataBytes
		bytes[m.Index] = m.DataBytes
	}
	done := 0
	for i := range steps {
		st := &steps[i]
		row.Undoing = row.Undoing || st.Compensation || st.Reverse
		if st.State != string(model.PhaseDone) || st.Compensation || st.Reverse {
			continue
		}
		done++
		if st.Kind == model.StepReplicate {
			row.DoneBytes += bytes[st.Move]
		}
	}
	if all := len(forward) * len(r.Plan.Moves); all > 0 {
		row.Progress = round(min(1, float64(done)/float64(all)), 3)
	}
	if status.State == model.PlanSucceeded {
		row.Progress = 1
	}
	return row
}

// moveProgress returns how much of a move's way has been gone.
func moveProgress(m *Move, steps []Step) float64 {
	if m.State == string(model.PlanSucceeded) {
		return 1
	}
	done := 0
	for i := range steps {
		st := &steps[i]
		if st.Move == m.Index && st.State == string(model.PhaseDone) && !st.Compensation && !st.Reverse {
			done++
		}
	}
	return round(min(1, float64(done)/float64(len(forward))), 3)
}

// copyOf returns how far the copy of a move (model.PlanMove: of the whole plan) is
// at present; nil where none is under way.
func (c *call) copyOf(r *readmodel.Run, move int) *Copy {
	p, ok := r.Copies[move]
	if !ok || c.at != 0 {
		return nil
	}
	return &Copy{DoneBytes: p.DoneBytes, TotalBytes: p.TotalBytes, BytesPerSecond: p.BytesPerSecond, SecondsLeft: seconds(p.TimeLeft)}
}

func (s *Server) executions(c *call) (any, error) {
	var all []ExecutionRow
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		c.runs(f, func(r *readmodel.Run, st *readmodel.Status) {
			if steps := stepsOf(r, c.at); len(steps) > 0 || st.State == model.PlanRunning {
				all = append(all, executionRow(r, st, steps))
			}
		})
	})
	return paged(c, all)
}

func (s *Server) execution(c *call) (any, error) {
	var out *Execution
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		r := c.run(f)
		if r == nil {
			return
		}
		status, steps := r.At(c.at), stepsOf(r, c.at)
		one := Execution{ExecutionRow: executionRow(r, &status, steps), Now: c.present(f), Rows: []Move{}, Steps: steps, Left: status.Left}
		if one.Left == nil {
			one.Left = []string{}
		}
		copying := false
		for i := range r.Plan.Moves {
			move := moveOf(&r.Plan.Moves[i], r, &status, c.at)
			move.Progress = moveProgress(&move, steps)
			if k := model.StepKind(move.Step); k == model.StepReplicate || k == model.StepCatchUp {
				move.Copy = c.copyOf(r, move.Index)
				copying = copying || move.Copy != nil && move.State == "running"
			}
			one.Rows = append(one.Rows, move)
		}
		if copying {
			one.Copy = c.copyOf(r, model.PlanMove)
		}
		out = &one
	})
	if out == nil {
		return nil, c.noPlan()
	}
	return *out, nil
}
