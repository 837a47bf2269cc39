package scenario

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// graphOf returns responses of so many applications that call one another; those
// in idle run nowhere.
func graphOf(n int, calls [][2]int, idle ...int) *responses {
	f := &fleet{members: make([][]int, n)}
	q := &responses{f: f, perCall: make([][]outCall, n)}
	for a := range n {
		if !slices.Contains(idle, a) {
			f.members[a] = []int{a}
		}
	}
	for _, c := range calls {
		q.perCall[c[0]] = append(q.perCall[c[0]], outCall{callee: c[1]})
	}
	return q
}

func TestWhatHoldsOfACalleeSpreadsToItsCallers(t *testing.T) {
	for _, c := range []struct {
		calls [][2]int
		idle  []int
		holds int
		want  string
	}{
		{nil, nil, 1, "[1]"},
		{[][2]int{{0, 1}, {1, 2}, {2, 3}}, nil, 2, "[0 1 2]"},
		{[][2]int{{0, 1}, {1, 0}, {1, 2}}, nil, 2, "[0 1 2]"},
		{[][2]int{{0, 1}, {1, 2}}, []int{1}, 2, "[2]"}, // the way leads over one that runs nowhere
		{[][2]int{{0, 2}}, []int{2}, 2, "[]"},
		{[][2]int{{2, 0}, {2, 1}}, nil, 2, "[2]"}, // those it calls know nothing of it
	} {
		var got []int
		for a, yes := range graphOf(4, c.calls, c.idle...).spread(func(a int) bool { return a == c.holds }) {
			if yes {
				got = append(got, a)
			}
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%v without %v, %d holds: %v, want %s", c.calls, c.idle, c.holds, got, c.want)
		}
	}
}

// TestSpreadingIsSearchingFromEveryApplication holds it against a search from
// every application, on random graphs.
func TestSpreadingIsSearchingFromEveryApplication(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 200 {
		const n = 12
		var calls [][2]int
		for range rng.IntN(24) {
			calls = append(calls, [2]int{rng.IntN(n), rng.IntN(n)})
		}
		idle, holds := []int{rng.IntN(n), rng.IntN(n)}, rng.IntN(n)
		q := graphOf(n, calls, idle...)
		var reaches func(a int, seen map[int]bool) bool
		reaches = func(a int, seen map[int]bool) bool {
			if seen[a] || len(q.f.members[a]) == 0 {
				return false
			}
			seen[a] = true
			return a == holds || slices.ContainsFunc(q.perCall[a], func(c outCall) bool { return reaches(c.callee, seen) })
		}
		for a, got := range q.spread(func(a int) bool { return a == holds }) {
			if want := reaches(a, map[int]bool{}); got != want {
				t.Fatalf("calls %v, idle %v, %d holds: %d is marked %v, want %v", calls, idle, holds, a, got, want)
			}
		}
	}
}
