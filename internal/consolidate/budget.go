package consolidate

// playFrames divides a tick for adding up what went unserved.
const playFrames = 30

// budget follows the share of demand that goes unserved in the running period.
type budget struct {
	ticks              int     // played of the period
	demanded, unserved float64 // MIPS x ticks in the period
	latest             float64 // demand of the last frame, MIPS
}

// roll starts a new period when the old one is over.
func (b *budget) roll(period int) {
	if b.ticks >= period {
		*b = budget{latest: b.latest}
	}
}

// price steers the price of 1 MIPS of unserved demand, in W: it rises as less of
// the period's budget is left than is due for the rest of the period, and falls
// as more is.
func (b *budget) price(cfg *Config) float64 {
	t := &cfg.Tuning
	left := float64(cfg.PeriodTicks - b.ticks)
	due := float64(cfg.UnservedTarget * b.latest * left)
	if b.ticks == 0 || due <= 0 {
		return t.DeficitWatts
	}
	remaining := float64(cfg.UnservedTarget*(b.demanded+float64(b.latest*left))) - b.unserved
	if remaining <= 0 {
		return t.DeficitWatts * t.SteerLimit
	}
	return t.DeficitWatts * min(max(due/remaining, 1/t.SteerLimit), t.SteerLimit)
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
			unserved += float64(migrationLoss * x0 * moving)
		}
		for f := range playFrames {
			t := float64(f) / playFrames
			x := x0 + float64(t*(x1-x0))
			if t < moving {
				need[from*playFrames+f] += x
				need[to*playFrames+f] += float64(migrationLoss * x)
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
