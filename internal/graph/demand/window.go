package demand

// Window keeps the last samples of an application for Fit.
type Window struct {
	limit   int
	samples []Sample
	next    int
}

// NewWindow returns a window of up to limit samples: 288 are a day of five-minute
// intervals.
func NewWindow(limit int) *Window { return &Window{limit: max(limit, 1)} }

// Add takes a sample, in the place of the oldest where the window is full. A
// sample of another number of classes (a caller more or less) empties the window.
func (w *Window) Add(s Sample) {
	if len(w.samples) > 0 && len(w.samples[0].CallsPerSecond) != len(s.CallsPerSecond) {
		w.samples, w.next = nil, 0
	}
	if len(w.samples) < w.limit {
		w.samples = append(w.samples, s)
		return
	}
	w.samples[w.next] = s
	w.next = (w.next + 1) % w.limit
}

// Fit estimates the demands from the samples in the window.
func (w *Window) Fit() (Demand, error) { return Fit(w.samples) }
