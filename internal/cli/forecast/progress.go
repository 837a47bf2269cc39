package forecast

import "sync/atomic"

// stages tells how far a forecast is. The ensemble goes through its models four
// times a run: it fits them, forecasts from the origins, fits those in use again
// and forecasts. Runs that leave some of it out end earlier than was thought.
type stages struct {
	show      func(share float64)
	runs, run int
	stage     int
}

// stageEnds is how much of a run is done after each stage: fitting takes nearly all
// of the time.
var stageEnds = [...]float64{0.5, 0.55, 0.95, 1}

// each wraps the function that goes through the models.
func (s *stages) each(all func(n int, f func(int))) func(n int, f func(int)) {
	return func(n int, f func(int)) {
		from, to := 0.0, stageEnds[min(s.stage, len(stageEnds)-1)]
		if s.stage > 0 {
			from = stageEnds[min(s.stage, len(stageEnds))-1]
		}
		s.stage++
		var done atomic.Int64
		all(n, func(i int) {
			f(i)
			share := from + (to-from)*float64(done.Add(1))/float64(n)
			s.show((float64(s.run) + share) / float64(s.runs))
		})
	}
}

// next tells that a run has ended.
func (s *stages) next() {
	s.run, s.stage = s.run+1, 0
	s.show(float64(s.run) / float64(s.runs))
}
