package phasing

import (
	"slices"
	"time"

	"drover/internal/model"
)

// timeline holds the booked intervals of a server or a link, by start.
type timeline []interval

type interval struct{ from, to model.Instant }

// free returns the earliest instant from ready on at which one more interval of
// the length fits with at most limit at any time.
func (t timeline) free(ready model.Instant, length time.Duration, limit int) model.Instant {
	candidates := []model.Instant{ready}
	for _, i := range t {
		if i.to > ready {
			candidates = append(candidates, i.to)
		}
	}
	slices.Sort(candidates)
	for _, at := range candidates {
		if t.most(at, at.Add(length)) < limit {
			return at
		}
	}
	return candidates[len(candidates)-1]
}

// most returns the greatest number of intervals that overlap at one time within
// [from, to).
func (t timeline) most(from, to model.Instant) int {
	best := 0
	for _, probe := range append(timeline{{from, to}}, t...) {
		// The number of overlaps changes only where an interval starts.
		at := max(probe.from, from)
		if at >= to {
			continue
		}
		n := 0
		for _, i := range t {
			if i.from <= at && at < i.to {
				n++
			}
		}
		best = max(best, n)
	}
	return best
}

// book finds the earliest time at which the move can run by prediction: after
// the steps it waits for, with a place free on both servers and on the link.
func (p *planner) book(mv Move, after []int, length time.Duration) model.Instant {
	start := p.in.Now
	for _, a := range after {
		start = max(start, p.out.Steps[a].Start.Add(p.out.Steps[a].Duration))
	}
	link := [2]int{mv.From, mv.To}
	for {
		at := p.busy[mv.From].free(start, length, max(1, p.in.Servers[mv.From].Concurrency))
		at = p.busy[mv.To].free(at, length, max(1, p.in.Servers[mv.To].Concurrency))
		at = p.links[link].free(at, length, max(1, p.in.LinkConcurrency))
		if at == start {
			break
		}
		start = at
	}
	slot := interval{start, start.Add(length)}
	p.busy[mv.From] = append(p.busy[mv.From], slot)
	p.busy[mv.To] = append(p.busy[mv.To], slot)
	p.links[link] = append(p.links[link], slot)
	return start
}

// copyTime is what copying the data of a move takes.
func copyTime(mv Move, bandwidth int64) time.Duration {
	seconds := float64(mv.DataBytes) / float64(bandwidth)
	return time.Duration(seconds * float64(time.Second)).Truncate(time.Millisecond)
}

// earliest is when the copies of all steps in a list can have ended.
func (p *planner) earliest(after []int) model.Instant {
	at := p.in.Now
	for _, a := range after {
		s := &p.out.Steps[a]
		at = max(at, s.Earliest.Add(copyTime(p.in.Moves[s.Move], s.Bandwidth)))
	}
	return at
}

// duration predicts a move: the overhead and the copy.
func (p *planner) duration(mv Move, bandwidth int64) time.Duration {
	return p.in.Overhead + copyTime(mv, bandwidth)
}

// bandwidth is what the copy of a move may use, 0 where there is none: the
// least of the configured limit, the link, and an equal share of the network
// that source and target have to spare in every column. Moves of no data ask
// for nothing.
func (p *planner) bandwidth(mv Move) int64 {
	limit := p.in.CopyBytesPerSecond
	if limit <= 0 {
		limit = 1 << 40
	}
	if p.in.Bandwidth != nil {
		if b := p.in.Bandwidth(mv.From, mv.To); b > 0 {
			limit = min(limit, b/int64(max(1, p.in.LinkConcurrency)))
		}
	}
	if mv.DataBytes <= 0 {
		return max(1, limit)
	}
	spare := min(p.spare(mv.From, model.Transmit), p.spare(mv.To, model.Receive))
	const least = 64 << 10 // below this a copy would never end
	if spare < least {
		return 0
	}
	return max(1, min(limit, spare))
}

// spare is one copy's share of what a server's network has left when all moves
// of the input to it have arrived and none has left.
func (p *planner) spare(s int, res model.Resource) int64 {
	server := &p.in.Servers[s]
	if server.Capacity[res] <= 0 {
		return 1 << 40
	}
	left := server.Capacity[res]
	for c := range server.Load {
		load := server.Load[c][res]
		for _, m := range p.in.Moves {
			if m.To == s {
				load += m.Demand[c][res]
			}
		}
		left = min(left, server.Capacity[res]-load)
	}
	return left / int64(max(1, server.Concurrency))
}

// assignWaves cuts the list into waves, numbered from 1: a new one begins where
// the priority of the moves changes or the wave is full. Waves are what a person
// approves one after the other. Where nobody does (WaveSize 0) all steps are one
// wave: precedences alone say what waits for what, and no step waits for the
// slowest of others that do not concern it.
func (p *planner) assignWaves() {
	wave, size := 0, 0
	var priority int64
	for i := range p.out.Steps {
		s := &p.out.Steps[i]
		own := p.in.Moves[s.Move].Priority
		if i == 0 || p.in.WaveSize > 0 && (own != priority || size == p.in.WaveSize) {
			wave, size, priority = wave+1, 0, own
		}
		size++
		s.Wave = wave
	}
	p.out.Waves = wave
}

// assignLatest works back from the deadlines. A step without one, with none
// waiting for it, may end as late as the schedule's predicted end plus its
// lifetime.
func (p *planner) assignLatest() {
	latestEnd := make([]model.Instant, len(p.out.Steps))
	for i := range latestEnd {
		latestEnd[i] = p.out.End.Add(p.in.Lifetime)
		if d := p.in.Moves[p.out.Steps[i].Move].Deadline; d != 0 {
			latestEnd[i] = d
		}
	}
	for i := len(p.out.Steps) - 1; i >= 0; i-- {
		s := &p.out.Steps[i]
		s.Latest = latestEnd[i].Add(-s.Duration)
		s.Late = s.Latest < s.Start
		for _, a := range s.After {
			latestEnd[a] = min(latestEnd[a], s.Latest)
		}
	}
}
