package backtest

import "drover/internal/planetlab"

// watched is a policy that tells before each tick how much of the day is played.
type watched struct {
	planetlab.Decider
	last int
	show func(share float64)
}

func (f *planetLabFlags) watched(policy planetlab.Decider, show func(share float64)) planetlab.Decider {
	last := planetlab.LastTick
	if f.until > 0 {
		last = f.until
	}
	return &watched{policy, last, show}
}

// Decide implements planetlab.Decider.
func (w *watched) Decide(tick int, samples []float64) ([]planetlab.Move, error) {
	w.show(float64(tick) / float64(w.last))
	return w.Decider.Decide(tick, samples)
}
