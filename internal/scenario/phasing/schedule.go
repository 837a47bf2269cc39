package phasing

import (
	"cmp"
	"fmt"
	"slices"

	"drover/internal/model"
)

// Plan schedules the moves of an input: list scheduling by haste, then deadline,
// then priority. What can never be admitted is dropped with the reason.
func Plan(in Input) Schedule {
	p := newPlanner(in)
	pending := make([]int, len(in.Moves))
	for m := range pending {
		pending[m] = m
	}
	slices.SortStableFunc(pending, func(a, b int) int {
		x, y := in.Moves[a], in.Moves[b]
		return cmp.Or(cmp.Compare(y.Haste, x.Haste), cmp.Compare(orLast(x.Deadline), orLast(y.Deadline)),
			cmp.Compare(y.Priority, x.Priority), cmp.Compare(a, b))
	})
	reasons := make([]string, len(in.Moves))
	for len(pending) > 0 {
		var left []int
		for _, m := range pending {
			if reasons[m] = p.admit(m); reasons[m] != "" {
				left = append(left, m)
			}
		}
		if len(left) == len(pending) {
			break
		}
		pending = left
	}
	for _, m := range pending {
		if reasons[m] != "" {
			p.out.Dropped = append(p.out.Dropped, Dropped{Move: m, Reason: reasons[m]})
		}
	}
	p.assignWaves()
	p.assignLatest()
	return p.out
}

// orLast puts moves without a deadline last.
func orLast(t model.Instant) model.Instant {
	if t == 0 {
		return 1 << 62
	}
	return t
}

// planner is a schedule under construction.
type planner struct {
	in  Input
	out Schedule
	// in-bound and out-bound steps of each server, in the order of admission.
	inbound, outbound [][]int
	ancestors         []bits // of each step, itself included
	lastOf            []int  // last step of an application, or -1
	at                [][]int
	busy              []timeline          // of each server
	links             map[[2]int]timeline // of each pair; read by key only
}

func newPlanner(in Input) *planner {
	p := &planner{
		in: in, inbound: make([][]int, len(in.Servers)), outbound: make([][]int, len(in.Servers)),
		lastOf: make([]int, len(in.Applications)), at: make([][]int, len(in.Applications)),
		busy: make([]timeline, len(in.Servers)), links: map[[2]int]timeline{},
	}
	for a, app := range in.Applications {
		p.lastOf[a] = -1
		p.at[a] = slices.Clone(app.Servers)
	}
	return p
}

// admit appends a move to the schedule, or says why it can't be admitted now.
func (p *planner) admit(m int) string {
	mv := p.in.Moves[m]
	if mv.From == mv.To {
		return "source and target are the same server"
	}
	if why := p.keepsZones(mv); why != "" {
		return why
	}
	bandwidth := p.bandwidth(mv)
	if bandwidth <= 0 {
		return "no network capacity is left for copying"
	}
	var after []int
	waits := newBits(len(p.in.Moves))
	if last := p.lastOf[mv.Application]; last >= 0 {
		after = append(after, last)
		waits.or(p.ancestors[last])
	}
	for _, s := range append([]int{-1}, p.outbound[mv.To]...) {
		if s >= 0 {
			if waits.has(s) {
				continue
			}
			after = append(after, s)
			waits.or(p.ancestors[s])
		}
		if p.fits(mv, waits) == "" {
			p.add(m, p.direct(after), waits, bandwidth)
			return ""
		}
	}
	return p.fits(mv, waits)
}

// fits checks capacity and rivals of the target for a move that waits for a
// set of steps; empty means it fits. See the package comment for why this
// covers every intermediate state.
func (p *planner) fits(mv Move, waits bits) string {
	target := &p.in.Servers[mv.To]
	for c := range mv.Demand {
		load := target.Load[c].Add(mv.Demand[c])
		for _, s := range p.inbound[mv.To] {
			load = load.Add(p.in.Moves[p.out.Steps[s].Move].Demand[c])
		}
		for _, s := range p.outbound[mv.To] {
			if waits.has(s) {
				load = load.Sub(p.in.Moves[p.out.Steps[s].Move].Demand[c])
			}
		}
		for r := range load {
			if target.Capacity[r] > 0 && load[r] > target.Capacity[r] && mv.Demand[c][r] > 0 {
				return fmt.Sprintf("no room for its %v on the target while moving", model.Resource(r))
			}
		}
	}
	return p.meetsRivals(mv, waits)
}

// meetsRivals checks that no rival may be on the target together with the move.
func (p *planner) meetsRivals(mv Move, waits bits) string {
	app := &p.in.Applications[mv.Application]
	if !app.Apart && len(app.Rivals) == 0 {
		return ""
	}
	there := map[int]int{} // read by key only
	for _, a := range p.in.Servers[mv.To].Applications {
		there[a]++
	}
	for _, s := range p.inbound[mv.To] {
		there[p.in.Moves[p.out.Steps[s].Move].Application]++
	}
	for _, s := range p.outbound[mv.To] {
		if waits.has(s) {
			there[p.in.Moves[p.out.Steps[s].Move].Application]--
		}
	}
	if app.Apart && there[mv.Application] > 0 {
		return "the target holds another replica of the application"
	}
	for _, r := range app.Rivals {
		if there[r] > 0 {
			return "the target holds an application that it must be apart from"
		}
	}
	return ""
}

// keepsZones checks that the application stands in enough zones after the move;
// its moves run one after the other. Where it stands in too few already, the
// move must not make it fewer.
func (p *planner) keepsZones(mv Move) string {
	want := p.in.Applications[mv.Application].MinimumZones
	if want <= 1 {
		return ""
	}
	before := p.zonesOf(p.at[mv.Application])
	after := p.zonesOf(replaceOne(p.at[mv.Application], mv.From, mv.To))
	if after < want && after < before {
		return fmt.Sprintf("the application would stand in %d of %d zones", after, want)
	}
	return ""
}

func (p *planner) zonesOf(servers []int) int {
	zones := make([]int, 0, len(servers))
	for _, s := range servers {
		zones = append(zones, p.in.Servers[s].Zone)
	}
	slices.Sort(zones)
	return len(slices.Compact(zones))
}

// replaceOne returns the list with one occurrence of old replaced.
func replaceOne(list []int, old, new int) []int {
	out := slices.Clone(list)
	if i := slices.Index(out, old); i >= 0 {
		out[i] = new
	}
	return out
}

// direct drops steps that others in the list already wait for.
func (p *planner) direct(after []int) []int {
	var out []int
	for i, s := range after {
		implied := slices.ContainsFunc(after, func(o int) bool { return o != s && p.ancestors[o].has(s) })
		if !implied && !slices.Contains(after[:i], s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

// add appends the step and books its time.
func (p *planner) add(m int, after []int, waits bits, bandwidth int64) {
	mv, step := p.in.Moves[m], len(p.out.Steps)
	waits.set(step)
	p.ancestors = append(p.ancestors, waits)
	s := Step{Move: m, After: after, Bandwidth: bandwidth, Duration: p.duration(mv, bandwidth)}
	s.Earliest = p.earliest(after)
	s.Start = p.book(mv, after, s.Duration)
	p.out.Steps = append(p.out.Steps, s)
	p.out.End = max(p.out.End, s.Start.Add(s.Duration))
	p.inbound[mv.To] = append(p.inbound[mv.To], step)
	p.outbound[mv.From] = append(p.outbound[mv.From], step)
	p.lastOf[mv.Application] = step
	p.at[mv.Application] = replaceOne(p.at[mv.Application], mv.From, mv.To)
}

// bits is a set of steps.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 != 0 }
func (b bits) set(i int)      { b[i/64] |= 1 << (i % 64) }

// or adds the members of another set.
func (b bits) or(other bits) {
	for i := range other {
		b[i] |= other[i]
	}
}
