package consolidate

import "math"

// playFrames divides a tick for adding up what went unserved.
const playFrames = 30

// budget follows the share of demand that went unserved in the running period.
type budget struct {
	ticks              int     // played of the period
	demanded, unserved float64 // MIPS x ticks, so far
	latest             float64 // demand of the last frame, MIPS
}

func (b *budget) roll(period int) {
	if b.ticks >= period {
		*b = budget{latest: b.latest}
	}
}

// price steers the price of unserved demand: dearer when less of the period's
// budget is left than is due.
func (b *budget) price(cfg *Config, tick int) float64 {
	t := &cfg.Tuning
	if b.ticks == 0 {
		return t.DeficitWatts
	}
	left := float64(cfg.PeriodTicks - b.ticks)
	due := float64(cfg.UnservedTarget * b.latest * left)
	remaining := float64(cfg.UnservedTarget*(b.demanded+float64(b.latest*left))) - b.unserved
	ratio := max(remaining, 1e-9) / max(due, 1e-9)
	factor := math.Pow(ratio, -t.SteerPower)
	return float64(t.DeficitWatts * min(max(factor, 1/t.SteerLimit), t.SteerLimit))
}

// play adds up the frame that ends with the given samples, from what was
// decided at its start: demand on a line between the samples, a moving VM on
// its source until its migration has ended and a tenth of it on the target.
func (b *budget) play(p *Policy, samples []float64) {
	need := make([]float64, len(p.cfg.Hosts)*playFrames)
	var demanded, unserved float64
	for v := range samples {
		size := p.cfg.VMs[v].SizeMIPS
		x0, x1 := float64(size*p.last[v]), float64(size*samples[v])
		demanded += (x0 + x1) / 2
		from, to := p.before[v], p.at[v]
		moving := 0.0
		if from >= 0 && from != to {
			moving = p.cfg.VMs[v].MigrationSeconds / p.cfg.StepSeconds
			unserved += float64(0.1 * x0 * moving)
		}
		for f := range playFrames {
			t := float64(f) / playFrames
			x := x0 + float64(t*(x1-x0))
			if t < moving {
				need[from*playFrames+f] += x
				need[to*playFrames+f] += 0.1 * x
				continue
			}
			need[to*playFrames+f] += x
		}
	}
	for h := range p.cfg.Hosts {
		for f := range playFrames {
			unserved += max(0, need[h*playFrames+f]-p.cfg.Hosts[h].CapacityMIPS) / playFrames
		}
	}
	b.ticks++
	b.demanded += demanded
	b.unserved += unserved
	b.latest = demanded
}
