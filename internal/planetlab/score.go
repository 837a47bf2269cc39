package planetlab

// Score is what a day's decisions cost. Shares are fractions, not percent.
type Score struct {
	EnergyKWh         float64 `json:"energy_kwh"`
	LowerBoundKWh     float64 `json:"lower_bound_kwh"`
	Migrations        int     `json:"migrations"`
	Unserved          float64 `json:"unserved"` // demand that was not served, of all demand
	SLATAH            float64 `json:"slatah"`   // host-time with a deficit, of host-time on
	PDM               float64 `json:"pdm"`      // demand of VMs moving out that was not served, of all demand
	ESV               float64 `json:"esv"`      // energy x SLATAH x PDM
	MeanHostsOn       float64 `json:"mean_hosts_on"`
	RejectedMoves     int     `json:"rejected_moves"`
	InitialOvercommit int     `json:"initial_overcommit"` // hosts asked for more than their capacity at time 0
}

// Score adds up what was played so far.
func (p *Player) Score() Score {
	s := Score{EnergyKWh: p.joules / joulesPerKWh, LowerBoundKWh: LowerBoundJoules(p.day, p.now) / joulesPerKWh,
		Migrations: p.migrations, RejectedMoves: p.rejected, InitialOvercommit: p.initially}
	if p.sum.requested > 0 {
		s.Unserved = p.sum.deficit / p.sum.requested
		s.PDM = p.sum.outDeficit / p.sum.requested
	}
	if p.sum.hostsOn > 0 {
		s.SLATAH = p.sum.violating / p.sum.hostsOn
	}
	if p.now > 0 {
		s.MeanHostsOn = p.sum.hostsOn / p.now
	}
	s.ESV = s.EnergyKWh * s.SLATAH * s.PDM
	return s
}

// Decider is a policy: Decide(0, samples) places every VM, Decide(k, samples)
// commands the moves of tick k. It is called once a tick, in order, with the
// utilisation of every VM at that sample.
type Decider interface {
	Decide(tick int, samples []float64) ([]Move, error)
}

// Play lets a policy decide a day and returns its decisions, by tick, with
// their score. With until = 0 it plays the whole day; else ticks 0..until are
// decided and the score covers the time up to tick until, as the moves of
// that tick then have no time to act.
func Play(day *Day, policy Decider, until int) ([][]Move, Score, error) {
	return PlayWatched(day, policy, until, func(Frame) {})
}

// Frame is what a day has come to by some time: sums since its start.
type Frame struct {
	Seconds     float64
	Joules      float64
	HostSeconds float64 // time that hosts were on
	Requested   float64 // demand, MIPS x s
	Unserved    float64 // the part of it that was not served
	Migrations  int
}

// frame adds up what was played so far.
func (p *Player) frame() Frame {
	return Frame{p.now, p.joules, p.sum.hostsOn, p.sum.requested, p.sum.deficit, p.migrations}
}

// PlayWatched is Play that shows how far the day has come at every tick, before
// its moves start, and at the end.
func PlayWatched(day *Day, policy Decider, until int, watch func(Frame)) ([][]Move, Score, error) {
	last, end := LastTick, DaySeconds
	if until > 0 {
		last, end = until, TickSeconds(until)
	}
	placed, err := policy.Decide(0, day.SamplesAt(0))
	if err != nil {
		return nil, Score{}, err
	}
	initial := make([]int, len(day.Use))
	for v := range initial {
		initial[v] = -1
	}
	for _, m := range placed {
		if m.VM >= 0 && m.VM < len(initial) {
			initial[m.VM] = m.Host
		}
	}
	player, err := NewPlayer(day, initial)
	if err != nil {
		return nil, Score{}, err
	}
	decisions := [][]Move{placed}
	for k := 1; k <= last; k++ {
		player.Advance(TickSeconds(k))
		if TickSeconds(k) < end {
			watch(player.frame())
		}
		moves, err := policy.Decide(k, day.SamplesAt(k))
		if err != nil {
			return nil, Score{}, err
		}
		decisions = append(decisions, moves)
		if TickSeconds(k) >= end {
			break
		}
		if err := player.Command(moves); err != nil {
			return nil, Score{}, err
		}
	}
	player.Advance(end)
	watch(player.frame())
	return decisions, player.Score(), nil
}
