package executor

import (
	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// pressure judges whether a copy hurts the server that it copies from, and slows
// down what hurts: fewer moves at a time there (saga.Fleet.Pressure), and half
// the rate for this copy. Where nothing hurts, both grow again, step by step
// (additive increase, multiplicative decrease: Chiu and Jain 1989).
func (f *fleet) pressure(step model.Step, h *health, r *model.Report, now model.Instant, out []stage.Emission) []stage.Emission {
	hurt := f.hurts(h, &r.Reading)
	out = f.take(f.saga.Pressure(r.Server, hurt, now), out)
	_, move, ok := f.saga.Command(step)
	if !ok {
		return out
	}
	allowed := f.saga.Bandwidth(&move)
	before := h.Bound
	h.bound(hurt, allowed, f.config.Health.LeastBytesPerSecond)
	if h.Bound == before {
		return out
	}
	step.Phase, step.At, step.Epoch = model.PhaseLimit, now, f.epoch
	step.BytesPerSecond = h.Bound
	if h.Bound == 0 {
		step.BytesPerSecond = allowed
	}
	return append(out, stage.Emission{Topic: stream.Steps, Fleet: f.id, Key: string(step.ID), Partition: stage.ByKey, Event: step})
}

// hurts tells whether a reading is beyond what the replica showed before the
// copy began, or its server has nothing to spare.
func (f *fleet) hurts(h *health, r *model.Reading) bool {
	limits := h.baseline(f.config.Health.MarginPPM)
	floor := f.config.Health.Watch.ErrorFloorPPM
	return r.SaturationPPM >= f.config.Health.HurtPPM ||
		limits.ResponseMicros > 0 && r.ResponseMicros > limits.ResponseMicros ||
		r.Requests > 0 && r.Errors*1_000_000/r.Requests > limits.ErrorPPM+floor
}

// bound changes the rate that a copy may have: half where it hurts, a tenth more
// where it doesn't, and none of its own once it is back at what is allowed.
func (h *health) bound(hurt bool, allowed, least int64) {
	current := h.Bound
	if current == 0 {
		current = max(h.Rate, allowed)
		if allowed > 0 {
			current = allowed
		}
	}
	switch {
	case hurt && current > 0:
		h.Bound = max(current/2, least)
	case !hurt && h.Bound > 0:
		h.Bound += max(h.Bound/10, 1)
		if full := max(allowed, h.Rate*2); h.Bound >= full && full > 0 {
			h.Bound = 0
		}
	}
}

// progress publishes how far a copy has come, and the plan with it.
func (f *fleet) progress(step model.Step, r *model.Report, out []stage.Emission) []stage.Emission {
	plan, move, ok := f.saga.Command(step)
	if !ok {
		return out
	}
	h := f.healthOf(&step)
	p := r.Progress
	if p.TotalBytes <= 0 {
		p.TotalBytes = move.DataBytes
	}
	p.TotalBytes = max(p.TotalBytes, p.DoneBytes)
	h.Rate, h.Progress = p.BytesPerSecond, p
	p.TimeLeft = timeLeft(p.DoneBytes, p.TotalBytes, p.BytesPerSecond)
	out = f.tell(&step, &move, step.At, p, out)
	whole := f.planProgress(plan.ID, func(index int) (model.Progress, bool) {
		h := f.health[healthKey(plan.ID, index)]
		if h == nil {
			return model.Progress{}, false
		}
		return h.Progress, true
	})
	return f.tellPlan(plan.ID, step.At, whole, out)
}

// tell publishes how far a move's copy has come.
func (f *fleet) tell(step *model.Step, move *model.Move, at model.Instant, p model.Progress, out []stage.Emission) []stage.Emission {
	return f.publish(&model.Outcome{Fleet: f.id, Kind: model.OutcomeProgress, Plan: step.Plan, MoveIndex: step.MoveIndex, Replica: move.Replica,
		Server: move.From, Step: step.Kind, At: at, Progress: p}, out)
}

// tellPlan publishes how far all of a plan has come.
func (f *fleet) tellPlan(id model.PlanID, at model.Instant, p model.Progress, out []stage.Emission) []stage.Emission {
	return f.publish(&model.Outcome{Fleet: f.id, Kind: model.OutcomeProgress, Plan: id, MoveIndex: model.PlanMove, At: at, Progress: p}, out)
}

func (f *fleet) publish(o *model.Outcome, out []stage.Emission) []stage.Emission {
	return append(out, stage.Emission{Topic: stream.Outcomes, Fleet: f.id, Key: outcomeKey(o), Partition: stage.ByKey, Event: *o})
}

// planProgress adds up what has been moved and what is being copied, which copying
// tells by the move.
func (f *fleet) planProgress(id model.PlanID, copying func(index int) (model.Progress, bool)) model.Progress {
	v, _ := f.saga.Plan(id)
	sum := model.Progress{DoneBytes: v.MovedBytes, TotalBytes: v.Bytes, TimeLeft: v.TimeLeft}
	for i := range v.Moves {
		m := &v.Moves[i]
		p, ok := copying(m.Move.Index)
		if !ok || m.Phase != "running" {
			continue
		}
		sum.DoneBytes += min(p.DoneBytes, max(m.Move.DataBytes, p.TotalBytes))
		sum.TotalBytes += max(0, p.TotalBytes-m.Move.DataBytes)
		sum.BytesPerSecond += p.BytesPerSecond
	}
	if left := timeLeft(sum.DoneBytes, sum.TotalBytes, sum.BytesPerSecond); left > 0 {
		sum.TimeLeft = left
	}
	return sum
}
