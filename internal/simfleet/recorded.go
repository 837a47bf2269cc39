package simfleet

import (
	"fmt"
	"time"

	"drover/internal/model"
)

// Recorded is an application's load as it was measured, one value for each step
// of time, that of all replicas together. Before the first value the first
// stands, after the last the last.
type Recorded struct {
	Start model.Instant // of the first step
	Step  time.Duration
	// CPUMilli is in millicores. The application serves as many requests as its
	// Demand makes of them.
	CPUMilli []float64
	// MemoryBytes may be empty: memory follows the spec's law then.
	MemoryBytes []float64
}

// validateRecorded tells what keeps an application from living by its record.
func (a *ApplicationSpec) validateRecorded() error {
	switch r := a.Recorded; {
	case r == nil:
		return nil
	case r.Step <= 0 || len(r.CPUMilli) == 0:
		return fmt.Errorf("application %s: its record has %d values of %v each: want at least one, of some length", a.ID, len(r.CPUMilli), r.Step)
	case a.Demand <= 0:
		return fmt.Errorf("application %s: a recorded load needs a CPU time for each request, not %v", a.ID, a.Demand)
	}
	return nil
}

// mean returns the mean of values of the record between two times.
func (r *Recorded) mean(values []float64, from, to model.Instant) float64 {
	step := r.Step.Milliseconds()
	cell := func(at int64) int64 { // rounds down, also before the start
		n := at / step
		if at%step < 0 {
			n--
		}
		return n
	}
	begin, end := int64(from-r.Start), int64(to-r.Start)
	sum := 0.0
	for n := cell(begin); n*step < end; n++ {
		inside := min(end, (n+1)*step) - max(begin, n*step)
		at := min(max(n, 0), int64(len(values)-1))
		sum += float64(values[at] * float64(inside))
	}
	return sum / float64(end-begin)
}

// rate returns the requests per second that a recorded load amounts to.
func (a *ApplicationSpec) rate(mid model.Instant, over time.Duration) float64 {
	from := mid.Add(-over / 2)
	return a.Recorded.mean(a.Recorded.CPUMilli, from, from.Add(over)) / (1000 * a.Demand.Seconds())
}

// memory returns what all replicas of a recorded application hold in the
// interval that ends at a time.
func (r *Recorded) memory(at model.Instant, interval time.Duration) (float64, bool) {
	if r == nil || len(r.MemoryBytes) == 0 {
		return 0, false
	}
	return r.mean(r.MemoryBytes, at.Add(-interval), at), true
}
