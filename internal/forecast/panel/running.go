package panel

import (
	"math"
	"sync"
)

// Running keeps what is computed value by value along the histories of a task's
// series: entry i depends on the values up to i alone. Models that look at the
// same history, and a longer one that begins in the same place, share the work.
// Histories must not be changed while it is in use. It is safe for concurrent
// use, and what it returns does not depend on who asked before.
type Running struct {
	extend func(series int, history, done []float64) []float64

	mu   sync.Mutex
	rows [][]kept
}

// kept are the entries of the history that begins at first.
type kept struct {
	first *float64
	done  []float64
}

// mostKept is how many histories of one series are kept: where gaps are filled
// from what was known, every rolling origin has its own.
const mostKept = 6

// NewRunning keeps what extend appends to done until it is as long as the
// history, for that many series.
func NewRunning(series int, extend func(series int, history, done []float64) []float64) *Running {
	return &Running{extend: extend, rows: make([][]kept, series)}
}

// Of returns an entry for each value of a history. They must not be changed.
func (r *Running) Of(series int, history []float64) []float64 {
	n := len(history)
	if n == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.find(series, &history[0])
	if len(k.done) < n {
		if cap(k.done) < n {
			k.done = append(make([]float64, 0, n+n/4), k.done...)
		}
		k.done = r.extend(series, history, k.done)
	}
	return k.done[:n:n]
}

// find returns what is kept of a history, or begins it in the place of the one
// that was begun first.
func (r *Running) find(series int, first *float64) *kept {
	row := r.rows[series]
	for i := range row {
		if row[i].first == first {
			return &row[i]
		}
	}
	if len(row) == mostKept {
		copy(row, row[1:])
		row = row[:mostKept-1]
	}
	row = append(row, kept{first: first})
	r.rows[series] = row
	return &row[len(row)-1]
}

// Logs are the logarithms of a task's histories, for all its models.
func (t *Task) Logs() *Running {
	t.once.Do(func() {
		t.logs = NewRunning(len(t.Histories), func(_ int, history, done []float64) []float64 {
			for _, v := range history[len(done):] {
				done = append(done, math.Log(max(v, 1e-300)))
			}
			return done
		})
	})
	return t.logs
}

// View returns a history as a model sees it: its logarithms where log is set.
func View(logs *Running, log bool, series int, history []float64) []float64 {
	if log {
		return logs.Of(series, history)
	}
	return history
}

// Positive tells whether every value is above zero.
func Positive(x []float64) bool {
	for _, v := range x {
		if !(v > 0) {
			return false
		}
	}
	return true
}
