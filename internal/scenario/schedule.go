package scenario

import (
	"fmt"
	"slices"

	"drover/internal/model"
	"drover/internal/scenario/phasing"
)

// waveSize is the most moves of one wave where a person approves waves.
const waveSize = 25

// schedule phases the moves between two placements. The returned placement is
// the one after the moves that can be made; the others are named in notes.
func (f *fleet) schedule(status, after *state) (phasing.Schedule, []int, *state, []string) {
	b := newBuilder(status)
	in := f.phasingInput(b, after)
	replicas := after.moved()
	for _, r := range replicas {
		c := status.causeOf(after, r)
		in.Moves = append(in.Moves, phasing.Move{
			Application: f.replicas[r].app, From: f.start[r], To: after.place[r],
			Demand:    b.demand[r*b.columns : (r+1)*b.columns],
			DataBytes: f.applications[f.replicas[r].app].DataBytes,
			Priority:  c.urgency, Deadline: c.by, Haste: status.haste(f.start[r]),
		})
	}
	out := phasing.Plan(in)
	if len(out.Dropped) == 0 {
		return out, replicas, after, nil
	}
	reached := after.clone()
	var left []string
	for _, d := range out.Dropped {
		r := replicas[d.Move]
		left = append(left, fmt.Sprintf("%s (%s)", f.replicas[r].id, d.Reason))
		reached.move(r, f.start[r])
	}
	slices.Sort(left)
	return out, replicas, reached, []string{"moves that can't be made now: " + firstFew(left)}
}

// haste is by how much promises that must hold are broken on a server now, in the
// first period: ppm summed as in a score, and more than any of them where it has
// to be empty already. 0: nothing is wrong there yet.
func (st *state) haste(s int) int64 {
	if c := &st.f.closing[s]; c.reason != "" && c.by == 0 {
		return 1 << 50
	}
	var most int64
	for w := range st.worlds {
		if !st.worlds[w].Required {
			continue
		}
		if n, excess := st.serverBreach(s, w, 0); n > 0 {
			most = max(most, excess+1)
		}
	}
	return most
}

// phasingInput describes the present placement to scenario/phasing. On the way
// to a placement that keeps its promises no server may be busier than those on
// it allow; where that one breaks some itself, capacity alone counts.
func (f *fleet) phasingInput(b *builder, after *state) phasing.Input {
	in := phasing.Input{
		Now: f.view.Tick, LinkConcurrency: f.cfg.LinkConcurrency, CopyBytesPerSecond: f.cfg.CopyBytesPerSecond,
		Overhead: f.cfg.MoveOverhead, Lifetime: f.cfg.PlanLifetime, Bandwidth: f.bandwidths(),
	}
	if f.needsApproval() {
		in.WaveSize = waveSize
	}
	for s, server := range f.servers {
		ps := phasing.Server{Capacity: server.Capacity, Zone: f.zone[s], Concurrency: server.DisruptionConcurrency}
		if cpu := server.Capacity[model.CPU]; cpu > 0 && after.server[s].broken == 0 {
			ps.Capacity[model.CPU] = share(cpu, after.leastLimitPPM(s, 1_000_000))
		}
		if ps.Concurrency <= 0 {
			ps.Concurrency = f.cfg.ServerConcurrency
		}
		ps.Load = slices.Clone(b.background[s*b.columns : (s+1)*b.columns])
		in.Servers = append(in.Servers, ps)
	}
	for a, app := range f.applications {
		pa := phasing.Application{MinimumZones: min(app.MinimumZones, len(f.members[a])), Rivals: f.rivals[a], Apart: f.apart[a]}
		for _, r := range f.members[a] {
			s := f.start[r]
			pa.Servers = append(pa.Servers, s)
			in.Servers[s].Applications = append(in.Servers[s].Applications, a)
			for c := range b.columns {
				in.Servers[s].Load[c] = in.Servers[s].Load[c].Add(b.demand[r*b.columns+c])
			}
		}
		in.Applications = append(in.Applications, pa)
	}
	return in
}

// needsApproval tells whether plans wait for a person: by the fleet's policy, or
// since too few forecasts are trusted.
func (f *fleet) needsApproval() bool {
	return f.cfg.Approval || f.trustedPPM() < f.cfg.MinTrustedPPM
}

// bandwidths looks up measured links.
func (f *fleet) bandwidths() func(from, to int) int64 {
	known := map[[2]int]int64{}
	for _, l := range f.view.Links {
		a, okA := f.serverAt[l.From]
		b, okB := f.serverAt[l.To]
		if okA && okB && l.BandwidthBytesPerSecond > 0 {
			known[[2]int{a, b}] = l.BandwidthBytesPerSecond
		}
	}
	return func(from, to int) int64 { return known[[2]int{from, to}] }
}

// planOf writes the plan down.
func (f *fleet) planOf(status, after *state, sched phasing.Schedule, replicas []int) *model.Plan {
	late := slices.ContainsFunc(sched.Steps, func(s phasing.Step) bool { return s.Late })
	if late {
		f.notes = append(f.notes, fmt.Sprintf("not in time: the last move is expected to end at %v", sched.End))
	}
	p := &model.Plan{
		Fleet: f.view.Fleet, Tick: f.view.Tick, State: model.PlanProposed, Waves: sched.Waves,
		NeedsApproval: f.needsApproval(), DryRun: f.cfg.DryRun,
		ConfidencePPM: after.confidencePPM(), Inputs: slices.Clone(f.view.Inputs), Code: f.cfg.Code,
	}
	for i, step := range sched.Steps {
		r := replicas[step.Move]
		app := &f.applications[f.replicas[r].app]
		p.Moves = append(p.Moves, model.Move{
			Index: i, Replica: f.replicas[r].id, Application: app.ID,
			From: f.servers[f.start[r]].ID, To: f.servers[after.place[r]].ID,
			Wave: step.Wave, After: step.After, Demand: f.greatestDemand(status, r), DataBytes: app.DataBytes,
			EarliestStart: step.Earliest, LatestStart: step.Latest, ExpectDuration: step.Duration,
			BandwidthBytesPerSecond: f.stepBandwidth(app, step), Driver: app.Driver, Reason: status.reason(after, r),
			ExpectSaturationPPM: after.greatestUse(after.place[r]), ExpectResponseMicros: app.SLO.ResponseMicros,
		})
		if d := status.causeOf(after, r).by; d != 0 && (p.Deadline == 0 || d < p.Deadline) {
			p.Deadline = d
		}
	}
	p.ID = f.planID(p)
	return p
}

// stepBandwidth is the limit of a copy, 0 where nothing is copied.
func (f *fleet) stepBandwidth(app *model.Application, step phasing.Step) int64 {
	if app.DataBytes <= 0 {
		return 0
	}
	return step.Bandwidth
}

// greatestDemand is what the target must hold: the most of every resource in
// the futures that must be met.
func (f *fleet) greatestDemand(status *state, r int) model.Vector {
	var out model.Vector
	for w := range status.worlds {
		if !status.worlds[w].Required {
			continue
		}
		for t := range f.periods() {
			out = most(out, status.worlds[w].demand[r*f.periods()+t])
		}
	}
	return out
}

// greatestUse is the greatest use of any resource of a server, in the futures
// that must be met.
func (st *state) greatestUse(s int) int64 {
	var out int64
	for w := range st.worlds {
		if !st.worlds[w].Required {
			continue
		}
		for t := range st.f.periods() {
			for r, load := range st.load[w][s*st.f.periods()+t] {
				out = max(out, utilisationPPM(load, st.f.servers[s].Capacity[r]))
			}
		}
	}
	return out
}

// planID names a plan by its tick and by what it does. Input offsets are left
// out: a stage that repeats records after a crash moves them, and the decision
// is the same.
func (f *fleet) planID(p *model.Plan) model.PlanID {
	parts := []string{f.cfg.Code, string(p.UpdateServer), p.UpdateHook}
	if p.UpdateID != "" {
		parts = append(parts, p.UpdateID)
	}
	for _, m := range p.Moves {
		parts = append(parts, fmt.Sprintf("%s>%s>%s", m.Replica, m.From, m.To))
	}
	return model.NewPlanID(f.view.Fleet, f.view.Tick, model.Digest(parts...))
}
