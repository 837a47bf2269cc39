package codec

import (
	"encoding/binary"
	"math"
	"slices"

	"drover/internal/codec/avro"
	"drover/internal/model"
)

// The events that Drover's own stages write: what it knows, expects and decides.

func edge(c *coder, e *model.Edge) {
	c.head(&e.Fleet, nil)
	name(c, &e.Caller)
	name(c, &e.Callee)
	whole(c, &e.Origins)
	c.double(&e.CallsPerSecond)
	c.double(&e.ErrorsPerSecond)
	c.double(&e.RequestBytesPerSecond)
	c.double(&e.ResponseBytesPerSecond)
	whole(c, &e.Calls)
	whole(c, &e.Errors)
	whole(c, &e.P50Micros)
	whole(c, &e.P95Micros)
	whole(c, &e.FirstSeen)
	whole(c, &e.LastSeen)
	c.double(&e.Confidence)
	c.boolean(&e.Gone)
}

func link(c *coder, l *model.Link) {
	c.head(&l.Fleet, nil)
	name(c, &l.From)
	name(c, &l.To)
	c.long(&l.RTTMicros)
	c.long(&l.RTTErrorMicros)
	c.long(&l.LossPPM)
	c.long(&l.BandwidthBytesPerSecond)
	c.boolean(&l.Measured)
	whole(c, &l.At)
	list(c, &l.Routers, name[string])
}

// doubles is list for the many numbers of a forecast.
func doubles(c *coder, v *[]float64) {
	if c.reading {
		list(c, v, (*coder).double)
		return
	}
	if n := len(*v); n > 0 {
		c.buf = avro.AppendLong(c.buf, int64(n))
		at := len(c.buf)
		c.buf = slices.Grow(c.buf, 8*n+1)[:at+8*n]
		b := c.buf[at:]
		for _, x := range *v {
			binary.LittleEndian.PutUint64(b[:8], math.Float64bits(x))
			b = b[8:]
		}
	}
	c.buf = append(c.buf, 0)
}

func forecast(c *coder, f *model.Forecast) {
	c.head(&f.Fleet, nil)
	name(c, &f.Entity)
	symbol(c, &f.Resource, int64(model.ResourceCount))
	whole(c, &f.Origin)
	duration(c, &f.Step)
	doubles(c, &f.Quantiles.Levels)
	list(c, &f.Quantiles.Values, doubles)
	doubles(c, &f.Quantiles.Mean)
	c.double(&f.Observed)
	whole(c, &f.ObservedAt)
	c.double(&f.Peak)
	c.boolean(&f.Trusted)
	name(c, &f.Model)
	name(c, &f.Note)
	c.double(&f.MASE)
	c.double(&f.Coverage80)
	c.long(&f.Samples)
}

func evaluation(c *coder, e *model.Evaluation) {
	c.head(&e.Fleet, nil)
	whole(c, &e.Tick)
	text(c, &e.PlanID)
	name(c, &e.Decision)
	text(c, &e.Reason)
	list(c, &e.Scenarios, scenario)
	list(c, &e.Dropped, text)
	list(c, &e.Inputs, inputOffset)
	name(c, &e.Code)
	list(c, &e.Demands, serviceDemand)
	list(c, &e.Balances, balance)
	list(c, &e.Updates, serverUpdate)
	list(c, &e.Stages, later)
}

func serverUpdate(c *coder, u *model.ServerUpdate) {
	text(c, &u.Roll)
	text(c, &u.Maintenance)
	name(c, &u.Server)
	text(c, &u.Hook)
	name(c, &u.State)
	whole(c, &u.Start)
	whole(c, &u.End)
	text(c, &u.Plan)
	text(c, &u.Reason)
}

func later(c *coder, s *model.Stage) {
	whole(c, &s.Period)
	whole(c, &s.At)
	list(c, &s.Moves, func(c *coder, m *model.StagedMove) {
		name(c, &m.Replica)
		name(c, &m.From)
		name(c, &m.To)
		text(c, &m.Reason)
	})
	whole(c, &s.ViolationsBefore)
	whole(c, &s.ViolationsAfter)
	c.long(&s.SavedMicros)
	text(c, &s.Reason)
}

func balance(c *coder, b *model.PlanBalance) {
	text(c, &b.Plan)
	name(c, &b.State)
	whole(c, &b.Moves)
	whole(c, &b.Succeeded)
	whole(c, &b.Failed)
	whole(c, &b.ExpectedEnd)
	whole(c, &b.Ended)
	whole(c, &b.PromisesBefore)
	whole(c, &b.PromisesExpected)
	whole(c, &b.PromisesHad)
	c.long(&b.CostBefore)
	c.long(&b.CostExpected)
	c.long(&b.CostHad)
}

func serviceDemand(c *coder, d *model.ServiceDemand) {
	name(c, &d.Application)
	c.double(&d.Micros)
	c.double(&d.ErrorMicros)
	c.double(&d.BaseMilli)
	whole(c, &d.Samples)
}

func scenario(c *coder, s *model.ScenarioResult) {
	text(c, &s.Name)
	name(c, &s.Kind)
	c.double(&s.Weight)
	whole(c, &s.ViolationsBefore)
	whole(c, &s.ViolationsAfter)
	c.long(&s.CostBefore)
	c.long(&s.CostAfter)
	list(c, &s.Worst, margin)
}

func margin(c *coder, m *model.Margin) {
	name(c, &m.Application)
	name(c, &m.Kind)
	name(c, &m.Server)
	c.long(&m.MarginPPM)
	c.long(&m.Value)
	c.long(&m.Limit)
	c.boolean(&m.Valid)
}

func inputOffset(c *coder, i *model.InputOffset) {
	name(c, &i.Topic)
	whole(c, &i.Partition)
	c.long(&i.Offset)
}

func plan(c *coder, p *model.Plan) {
	c.head(&p.Fleet, nil)
	text(c, &p.ID)
	whole(c, &p.Tick)
	name(c, &p.State)
	list(c, &p.Moves, move)
	whole(c, &p.Waves)
	whole(c, &p.Deadline)
	text(c, &p.Reason)
	c.boolean(&p.NeedsApproval)
	c.boolean(&p.DryRun)
	whole(c, &p.ViolationsBefore)
	whole(c, &p.ViolationsAfter)
	c.long(&p.CostBefore)
	c.long(&p.CostAfter)
	c.long(&p.ConfidencePPM)
	text(c, &p.Supersedes)
	name(c, &p.UpdateServer)
	text(c, &p.UpdateHook)
	c.boolean(&p.KeepCompleted)
	list(c, &p.Inputs, inputOffset)
	name(c, &p.Code)
	list(c, &p.Dropped, func(c *coder, d *model.DroppedMove) {
		whole(c, &d.Index)
		text(c, &d.Reason)
	})
	whole(c, &p.ServesUntil)
	text(c, &p.UpdateID)
}

func move(c *coder, m *model.Move) {
	whole(c, &m.Index)
	name(c, &m.Replica)
	name(c, &m.Application)
	name(c, &m.From)
	name(c, &m.To)
	whole(c, &m.Wave)
	list(c, &m.After, whole)
	vector(c, &m.Demand)
	c.long(&m.DataBytes)
	whole(c, &m.EarliestStart)
	whole(c, &m.LatestStart)
	duration(c, &m.ExpectDuration)
	c.long(&m.BandwidthBytesPerSecond)
	name(c, &m.Driver)
	c.boolean(&m.ReverseAfterPivot)
	text(c, &m.Reason)
	c.long(&m.ExpectSaturationPPM)
	c.long(&m.ExpectResponseMicros)
}

func step(c *coder, s *model.Step) {
	c.head(&s.Fleet, nil)
	text(c, &s.ID)
	text(c, &s.Plan)
	whole(c, &s.MoveIndex)
	name(c, &s.Kind)
	name(c, &s.Phase)
	c.boolean(&s.Compensation)
	whole(c, &s.Attempt)
	whole(c, &s.At)
	whole(c, &s.Deadline)
	c.long(&s.Epoch)
	text(c, &s.Reason)
	whole(c, &s.Lost)
	c.long(&s.BytesPerSecond)
}

func report(c *coder, a *model.Report) {
	c.head(&a.Fleet, nil)
	text(c, &a.Step)
	name(c, &a.Kind)
	c.long(&a.Epoch)
	whole(c, &a.At)
	text(c, &a.Reason)
	name(c, &a.Server)
	c.long(&a.Reading.Requests)
	c.long(&a.Reading.Errors)
	c.long(&a.Reading.ResponseMicros)
	c.long(&a.Reading.SaturationPPM)
	progress(c, &a.Progress)
}

func progress(c *coder, p *model.Progress) {
	c.long(&p.DoneBytes)
	c.long(&p.TotalBytes)
	c.long(&p.BytesPerSecond)
	duration(c, &p.TimeLeft)
}

func beat(c *coder, b *model.Beat) {
	name(c, &b.Owner)
	c.long(&b.Epoch)
	whole(c, &b.At)
	list(c, &b.Reads, inputOffset)
}

func outcome(c *coder, o *model.Outcome) {
	c.head(&o.Fleet, nil)
	name(c, &o.Kind)
	text(c, &o.Plan)
	whole(c, &o.MoveIndex)
	name(c, &o.Replica)
	name(c, &o.Server)
	name(c, &o.Step)
	name(c, &o.State)
	c.boolean(&o.OK)
	whole(c, &o.At)
	text(c, &o.Reason)
	list(c, &o.Left, text)
	progress(c, &o.Progress)
}

func audit(c *coder, a *model.Audit) {
	c.head(&a.Fleet, nil)
	whole(c, &a.At)
	name(c, &a.Actor)
	name(c, &a.Action)
	text(c, &a.Object)
	text(c, &a.Before)
	text(c, &a.After)
}

func deadLetter(c *coder, d *model.DeadLetter) {
	name(c, &d.Topic)
	whole(c, &d.Partition)
	c.long(&d.Offset)
	whole(c, &d.At)
	name(c, &d.Stage)
	name(c, &d.Class)
	text(c, &d.Message)
	c.bytes(&d.Key)
	c.bytes(&d.Value)
	dictionary(c, &d.Headers, (*coder).bytes)
}
