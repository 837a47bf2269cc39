package forecast

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestStagesRiseToTheEnd: whatever a run leaves out or does more often, the share
// stays within its run and is whole at the end of the last.
func TestStagesRiseToTheEnd(t *testing.T) {
	for _, times := range [][]int{{4, 4}, {2, 3}, {6, 4}, {0, 0}} {
		var mu sync.Mutex
		var shown []float64
		s := &stages{runs: len(times), show: func(share float64) { mu.Lock(); shown = append(shown, share); mu.Unlock() }}
		each, calls := s.each(pool(1)), 0
		for run, stages := range times {
			for range stages {
				each(3, func(int) { calls++ })
			}
			if n := len(shown); n > 0 && shown[n-1] > float64(run+1)/2 {
				t.Errorf("%v: run %d shows %v", times, run, shown[n-1])
			}
			s.next()
		}
		if calls != 3*(times[0]+times[1]) {
			t.Errorf("%v: %d calls", times, calls)
		}
		if !slices.IsSorted(shown) || shown[len(shown)-1] != 1 {
			t.Errorf("%v: %v", times, shown)
		}
	}
}

// TestAForecastTellsHowFarItIs: with more threads nothing is told twice or lost, and
// nothing is written where nobody looks.
func TestAForecastTellsHowFarItIs(t *testing.T) {
	s := &stages{runs: 1}
	var mu sync.Mutex
	most, told := 0.0, 0
	s.show = func(share float64) { mu.Lock(); most, told = max(most, share), told+1; mu.Unlock() }
	s.each(pool(4))(100, func(int) {})
	if most != stageEnds[0] || told != 100 {
		t.Errorf("told %d times, at most %v", told, most)
	}
	input := dense(time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), time.Hour, 200, func(i int) float64 { return float64(i % 24) })
	if _, said := rowsOf(t, input, "--horizon", "3", "--model", "seasonal-naive", "--cv-origins", "2"); strings.ContainsAny(said, "\r\x1b") {
		t.Errorf("said %q", said)
	}
}
