package solve

import (
	"context"
	"syscall"
	"time"
)

// processStart is taken as the program's packages are initialised: within a few
// milliseconds of the process's own start.
var processStart = time.Now()

// guard measures how much of the outer budget is spent. It is safe for use by
// several goroutines.
type guard struct {
	ctx  context.Context
	wall time.Duration // of the whole process, margin taken off; 0: none
	cpu  time.Duration
}

// newGuard starts from the flags. What the process has used so far (reading)
// tells how much the rest (checking, writing) may take.
func newGuard(ctx context.Context, b *budget) *guard {
	g := &guard{ctx: ctx}
	if b.wall > 0 {
		g.wall = shorten(b.wall, time.Since(processStart))
	}
	if b.cpu > 0 {
		g.cpu = shorten(b.cpu, cpuTime())
	}
	return g
}

// shorten takes a margin off a budget for what follows the search.
func shorten(budget, used time.Duration) time.Duration {
	margin := min(1500*time.Millisecond, 150*time.Millisecond+budget/100) + used/2
	return max(budget-margin, used+time.Millisecond)
}

// spent returns the share of the budget that is used up, 1 once the command was
// interrupted.
func (g *guard) spent() float64 {
	if g.ctx.Err() != nil {
		return 1
	}
	share := 0.0
	if g.wall > 0 {
		share = float64(time.Since(processStart)) / float64(g.wall)
	}
	if g.cpu > 0 {
		share = max(share, float64(cpuTime())/float64(g.cpu))
	}
	return share
}

// cpuTime returns the CPU time that the process has used, all threads together.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return time.Since(processStart)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
