package panel

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// TestRunningGivesWhatAnyOrderOfQuestionsGives: shorter, longer, copied histories.
func TestRunningGivesWhatAnyOrderOfQuestionsGives(t *testing.T) {
	x := []float64{1, 2, 4, 8, 16, 32, 0, 64}
	task := &Task{Histories: [][]float64{x[:4]}}
	logs := task.Logs()
	want := func(n int) (out []float64) {
		for _, v := range x[:n] {
			out = append(out, math.Log(max(v, 1e-300)))
		}
		return out
	}
	for _, n := range []int{4, 2, 8, 0, 1, 5, 8} {
		for _, history := range [][]float64{x[:n], slices.Clone(x[:n]), x[:n:n]} {
			if got := logs.Of(0, history); !slices.Equal(got, want(n)) {
				t.Fatalf("%d values: %v, want %v", n, got, want(n))
			}
		}
	}
	if got := View(logs, false, 0, x); &got[0] != &x[0] {
		t.Error("a history without logarithms is not seen as it is")
	}
	if len(logs.rows[0]) > mostKept {
		t.Errorf("%d histories are kept", len(logs.rows[0]))
	}
}

// TestRunningCanNotBeWrittenThrough: appending to what it returned leaves what it
// keeps alone.
func TestRunningCanNotBeWrittenThrough(t *testing.T) {
	x := []float64{1, 1, 1, 1}
	logs := (&Task{Histories: [][]float64{x}}).Logs()
	logs.Of(0, x)
	_ = append(logs.Of(0, x[:2]), 99)
	if got := logs.Of(0, x); got[2] != 0 {
		t.Errorf("kept %v", got)
	}
}

func TestRunningFromManyThreads(t *testing.T) {
	x := make([]float64, 500)
	for i := range x {
		x[i] = float64(i + 1)
	}
	task := &Task{Histories: [][]float64{x}}
	var wait sync.WaitGroup
	for k := range 8 {
		wait.Go(func() {
			for n := k + 1; n <= len(x); n += 7 {
				if got := task.Logs().Of(0, x[:n]); len(got) != n || got[n-1] != math.Log(float64(n)) {
					t.Errorf("%d values end in %v", n, got[len(got)-1])
				}
			}
		})
	}
	wait.Wait()
}

func TestNth(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for n := 1; n < 60; n++ {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(rng.IntN(10))
		}
		sorted := slices.Sorted(slices.Values(v))
		for k := range n {
			if got := Nth(slices.Clone(v), k); got != sorted[k] {
				t.Fatalf("place %d of %v: %v, not %v", k, v, got, sorted[k])
			}
		}
	}
}
