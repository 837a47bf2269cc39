package saga

import "drover/internal/model"

// Control takes an order. One that was taken before (by its identity) changes
// nothing; one for a plan that hasn't come yet is kept until it does.
func (f *Fleet) Control(c model.Control) []Effect {
	f.begin(c.At)
	if c.ID != "" {
		for _, id := range f.orders {
			if id == c.ID {
				return f.effects()
			}
		}
		f.orders = keepLast(append(f.orders, c.ID), maxOrders)
	}
	switch {
	case c.Plan == "" && c.Server != "": // drains and their end are the planner's
	case c.Plan == "":
		f.controlFleet(&c)
	case f.find(c.Plan) != nil:
		f.controlPlan(f.find(c.Plan), &c)
	case f.endedState(c.Plan) == "":
		f.early = keepLast(append(f.early, c), maxOrders)
	}
	f.run()
	return f.effects()
}

// applyEarly carries out the orders that came before their plan.
func (f *Fleet) applyEarly(p *planRun) {
	kept := f.early[:0]
	for i := range f.early {
		if c := f.early[i]; c.Plan != p.plan.ID {
			kept = append(kept, c)
		} else if !p.state.Ended() {
			f.controlPlan(p, &c)
		}
	}
	f.early = kept
}

// controlFleet carries out an order for the whole fleet.
func (f *Fleet) controlFleet(c *model.Control) {
	switch c.Kind {
	case model.ControlPause:
		f.paused = true
	case model.ControlResume:
		f.paused = false
	case model.ControlKill:
		f.killed = true
	case model.ControlRevive:
		f.killed = false
	case model.ControlLimit:
		f.limit(c)
	case model.ControlApprove, model.ControlReject, model.ControlStop:
		for _, p := range f.plans {
			if !p.state.Ended() {
				f.controlPlan(p, c)
			}
		}
	}
}

// controlPlan carries out an order for one plan.
func (f *Fleet) controlPlan(p *planRun, c *model.Control) {
	switch c.Kind {
	case model.ControlApprove:
		f.approve(p, c)
	case model.ControlReject:
		f.stopPlan(p, c, model.StopFinish, model.PlanRejected)
	case model.ControlPause:
		p.paused = true
	case model.ControlResume:
		p.paused = false
	case model.ControlKill:
		p.killed = true
	case model.ControlRevive:
		p.killed = false
	case model.ControlStop:
		f.stopPlan(p, c, c.Mode, model.PlanStopped)
	}
}

// approve lets the first waves of a plan run. It never takes back what was
// approved before.
func (f *Fleet) approve(p *planRun, c *model.Control) {
	waves := c.Wave
	if waves <= 0 {
		waves = allWaves
	}
	p.approved = max(p.approved, waves)
	if p.state == model.PlanProposed {
		f.setState(p, model.PlanApproved, "by "+c.By)
	}
}

// stopPlan ends a plan on somebody's order, in the way asked for.
func (f *Fleet) stopPlan(p *planRun, c *model.Control, mode model.StopMode, state model.PlanState) {
	reason := string(c.Kind) + " by " + c.By
	if c.Comment != "" {
		reason += ": " + c.Comment
	}
	switch {
	case !p.started():
		f.end(p, state, reason)
	case mode == model.StopCompensate:
		if p.mode != modeUndo {
			f.undoPlan(p, reason)
		}
	case mode == model.StopLeave:
		f.leave(p, reason)
	case p.mode == modeForward:
		f.halt(p, model.PlanStopped, reason)
	}
}

// leave ends a plan as it stands; a person finishes the moves under way.
func (f *Fleet) leave(p *planRun, reason string) {
	p.mode = modeHalt
	state := model.PlanStopped
	for _, m := range p.every {
		if !m.active() {
			continue
		}
		state = model.PlanParked
		m.reason = reason
		switch {
		case m.index == model.PlanMove:
			m.left = []string{"see the update " + quote(p.plan.UpdateHook) + " through on server " + string(p.plan.UpdateServer)}
		case m.phase == moveUndoing:
			m.left = leftToUndo(p, m)
		default:
			m.left = leftToFinish(p, m)
		}
		f.finish(p, m, moveParked)
	}
	f.end(p, state, reason)
}

// keepLast cuts a list to its last n entries.
func keepLast[T any](list []T, n int) []T {
	if over := len(list) - n; over > 0 {
		list = append(list[:0], list[over:]...)
	}
	return list
}
