package api

import (
	"slices"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

func planRow(r *readmodel.Run, s *readmodel.Status) PlanRow {
	p := &r.Plan
	row := PlanRow{ID: p.ID, Tick: p.Tick, State: string(s.State), Waiting: waiting(r, s), Paused: s.Paused, Killed: s.Killed, Reason: p.Reason, Ending: s.Reason,
		Moves: len(p.Moves), Waves: p.Waves, ApprovedWaves: s.ApprovedWaves, Deadline: p.Deadline, Started: s.Started, Ended: s.Ended,
		ViolationsBefore: p.ViolationsBefore, ViolationsAfter: p.ViolationsAfter, CostBefore: float64(p.CostBefore) / micros, CostAfter: float64(p.CostAfter) / micros,
		Confidence: float64(p.ConfidencePPM) / 1e6, DryRun: p.DryRun}
	for i := range p.Moves {
		o, ok := s.Moves[p.Moves[i].Index]
		if !ok || o.Kind != model.OutcomeMove {
			continue
		}
		switch o.State {
		case model.PlanSucceeded:
			row.Moved++
		case model.PlanRolledBack:
			row.RolledBack++
		case model.PlanParked:
			row.Failed++
		}
	}
	return row
}

// moveOf returns a move with how far it is; at 0 means now.
func moveOf(m *model.Move, r *readmodel.Run, s *readmodel.Status, at model.Instant) Move {
	out := Move{Index: m.Index, Replica: m.Replica, Application: m.Application, From: m.From, To: m.To, Wave: m.Wave, After: m.After, Demand: amounts(m.Demand),
		DataBytes: m.DataBytes, Earliest: m.EarliestStart, Latest: m.LatestStart, Expect: seconds(m.ExpectDuration), Driver: m.Driver, Reason: m.Reason, State: "waiting"}
	for i := range r.Steps {
		if st := &r.Steps[i]; st.MoveIndex == m.Index && (at == 0 || st.At <= at) {
			out.Step, out.State = string(st.Kind), "running"
			if st.Compensation || st.Leg() == model.LegReverse {
				out.State = "undoing"
			}
		}
	}
	if o, ok := s.Moves[m.Index]; ok && o.Kind == model.OutcomeMove {
		out.State, out.Ending, out.Left = string(o.State), o.Reason, o.Left
	} else if why, dropped := droppedSince(&r.Plan, m.Index); dropped && out.State == "waiting" {
		out.State, out.Ending = "dropped", why
	} else if s.State.Ended() && out.State == "waiting" {
		out.State = "never begun"
	}
	return out
}

// droppedSince says why a move is not to be begun any more, if that is so.
func droppedSince(p *model.Plan, index int) (why string, dropped bool) {
	for _, d := range p.Dropped {
		if d.Index == index {
			return d.Reason, true
		}
	}
	return "", false
}

// runs returns the runs known at the time asked for, the newest first.
func (c *call) runs(f *readmodel.Fleet, tell func(*readmodel.Run, *readmodel.Status)) {
	for _, r := range slices.Backward(f.Plans) {
		if c.at == 0 || r.Plan.Tick <= c.at {
			status := r.At(c.at)
			tell(r, &status)
		}
	}
}

func (s *Server) plans(c *call) (any, error) {
	var all []PlanRow
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		c.runs(f, func(r *readmodel.Run, st *readmodel.Status) {
			row := planRow(r, st)
			if want := c.query("state"); want == "" || want == row.State || want == "waiting" && row.Waiting {
				all = append(all, row)
			}
		})
	})
	return paged(c, all)
}

// run finds the plan that the path names.
func (c *call) run(f *readmodel.Fleet) *readmodel.Run {
	r := f.Run(model.PlanID(c.r.PathValue("plan")))
	if r == nil || c.at != 0 && r.Plan.Tick > c.at {
		return nil
	}
	return r
}

func (c *call) noPlan() error {
	return notFound("no plan %q in fleet %s; GET %s/fleets/%s/plans lists them", c.r.PathValue("plan"), c.fleet, base, c.fleet)
}

func (s *Server) plan(c *call) (any, error) {
	var out *Plan
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		r := c.run(f)
		if r == nil {
			return
		}
		one := planOf(r, c.at)
		if e := evaluationAt(f, r.Plan.Tick); e != nil && e.Tick == r.Plan.Tick {
			evaluation := evaluationOf(e)
			one.Evaluation = &evaluation
		}
		out = &one
	})
	if out == nil {
		return nil, c.noPlan()
	}
	return *out, nil
}

func planOf(r *readmodel.Run, at model.Instant) Plan {
	status := r.At(at)
	p := &r.Plan
	out := Plan{PlanRow: planRow(r, &status), Steps: []Move{}, NeedsApprove: p.NeedsApproval, Supersedes: p.Supersedes, UpdateServer: p.UpdateServer,
		UpdateHook: p.UpdateHook, ServesUntil: p.ServesUntil, Left: status.Left, Orders: []OrderGiven{}}
	if at == 0 || r.BalancedAt <= at {
		out.Balance = balanceOf(r.Balance)
	}
	if out.Left == nil {
		out.Left = []string{}
	}
	for i := range p.Moves {
		out.Steps = append(out.Steps, moveOf(&p.Moves[i], r, &status, at))
	}
	for _, o := range r.Orders {
		if at == 0 || o.At <= at {
			out.Orders = append(out.Orders, OrderGiven{At: o.At, Kind: o.Kind, By: o.By, Wave: o.Wave, Mode: o.Mode, Comment: o.Comment})
		}
	}
	return out
}
