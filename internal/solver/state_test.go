package solver

import (
	"testing"

	"drover/internal/model"
)

// hardBroken counts violations that no move may cause.
func hardBroken(list []model.Violation) map[model.ViolationKind]int {
	n := map[model.ViolationKind]int{}
	for _, v := range list {
		if !isSoft(v.Kind) {
			n[v.Kind]++
		}
	}
	return n
}

// softTotal recounts broken soft constraints the way state.soft counts them: a
// missing location each, and a missing dependency each per group and
// neighbourhood (affinity: and bin).
func softTotal(p *model.Problem, list []model.Violation) int32 {
	type spot struct{ kind, group, where, text any }
	seen := map[spot]bool{}
	var n int32
	for _, v := range list {
		switch v.Kind {
		case model.ViolationSpread:
			n += int32(v.Amount)
		case model.ViolationDependency, model.ViolationAffinity:
			where := v.Bin
			if v.Kind == model.ViolationDependency {
				where = p.Bins[v.Bin].Neighbourhood
			}
			// The text ends with what is missing, after the item's name and bin.
			tail := v.Text[len(v.Text)-len(missing(v.Text)):]
			if k := (spot{v.Kind, v.Group, where, tail}); !seen[k] {
				seen[k] = true
				n++
			}
		}
	}
	return n
}

func missing(text string) string {
	const key = "nothing of "
	for k := 0; k+len(key) <= len(text); k++ {
		if text[k:k+len(key)] == key {
			return text[k:]
		}
	}
	return text
}

// checkState compares a state with an evaluation from scratch.
func checkState(t *testing.T, p *model.Problem, s *state, what string) {
	t.Helper()
	costs, broken := Evaluate(p, asInts(s.at))
	if costs.Total() != s.cost {
		t.Fatalf("%s: state says cost %d, evaluation %d (%v)", what, s.cost, costs.Total(), costs)
	}
	if soft := softTotal(p, broken); soft != s.soft {
		t.Fatalf("%s: state says %d soft, evaluation %d: %v", what, s.soft, soft, broken)
	}
}

// walk makes random shifts and swaps and checks every one.
func walk(t *testing.T, seed uint64, sh shape, steps int) {
	t.Helper()
	r := newRand(seed)
	p := randomProblem(r, sh)
	in, err := compile(p)
	if err != nil {
		t.Fatal(err)
	}
	s := newState(in)
	s.load(in.start)
	checkState(t, p, s, "start")
	_, broken := Evaluate(p, asInts(s.at))
	before := hardBroken(broken)
	for range steps {
		i, j := int32(r.IntN(in.items)), int32(r.IntN(in.items))
		if in.fixed[i] || in.fixed[j] {
			continue
		}
		b := int32(r.IntN(in.bins))
		if r.IntN(2) == 0 {
			if b == s.at[i] {
				continue
			}
			delta, soft, ok := s.shift(i, b, s.leaveGain(i))
			if !ok {
				continue
			}
			was := s.soft
			s.apply(i, b, delta)
			if s.soft != was+soft {
				t.Fatalf("seed %d: shift said soft %d, became %d", seed, soft, s.soft-was)
			}
		} else {
			if s.at[i] < 0 || s.at[j] < 0 || s.at[i] == s.at[j] {
				continue
			}
			delta, soft, ok := s.swap(i, j)
			if !ok {
				continue
			}
			was := s.soft
			s.applySwap(i, j, delta)
			if s.soft != was+soft {
				t.Fatalf("seed %d: swap said soft %d, became %d", seed, soft, s.soft-was)
			}
		}
		checkState(t, p, s, "walk")
		_, broken := Evaluate(p, asInts(s.at))
		for kind, n := range hardBroken(broken) {
			if n > before[kind] {
				t.Fatalf("seed %d: %s broken %d times, %d at the start: %v", seed, kind, n, before[kind], broken)
			}
		}
	}
}

func TestMovesPriceAndKeepConstraints(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		sh := shape{items: 24, bins: 7, groups: 8, resources: 3, periods: 1 + int(seed%3), features: uint(seed*2654435761) & allFeatures, tight: 0.5}
		walk(t, seed, sh, 150)
	}
	walk(t, 1000, shape{items: 40, bins: 9, groups: 6, resources: 4, periods: 2, features: allFeatures, tight: 0.4}, 600)
}

func TestScannedCountersAgreeWithDense(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		p := randomProblem(newRand(seed), shape{items: 30, bins: 8, groups: 5, resources: 2, periods: 1, features: allFeatures &^ withQuotas, tight: 0.4})
		in, err := compile(p)
		if err != nil {
			t.Fatal(err)
		}
		for row := range in.rows {
			in.dense[row] = false
		}
		s := newState(in)
		s.load(in.start)
		checkState(t, p, s, "scanned start")
		r := newRand(seed + 7)
		for range 200 {
			i, b := int32(r.IntN(in.items)), int32(r.IntN(in.bins))
			if in.fixed[i] || b == s.at[i] {
				continue
			}
			if delta, _, ok := s.shift(i, b, s.leaveGain(i)); ok {
				s.apply(i, b, delta)
				checkState(t, p, s, "scanned")
			}
		}
	}
}

func TestCompoundMovesRollBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		p := randomProblem(newRand(seed), shape{items: 30, bins: 6, groups: 8, resources: 3, periods: 1, features: uint(seed*40503) & allFeatures &^ withNew, tight: 0.6})
		in, err := compile(p)
		if err != nil {
			t.Fatal(err)
		}
		l := newLane(in, in.start, seed)
		hot := climate{t: 1e4, penalty: 100}
		cold := climate{t: 0, penalty: 1e9}
		for k := range 60 {
			w := &cold
			if k%3 == 0 {
				w = &hot
			}
			l.tryEject(w)
			checkState(t, p, l.s, "eject")
			l.tryClear(w)
			checkState(t, p, l.s, "clear")
			l.tryRepack()
			checkState(t, p, l.s, "repack")
			l.tryRelay(w)
			checkState(t, p, l.s, "relay")
			l.tryShifts(&hot)
			l.trySwaps(&hot)
		}
		l.settle()
		l.s.moveTo(l.best, l.bestCost)
		checkState(t, p, l.s, "restart")
		if l.s.cost != l.bestCost || l.s.soft != l.bestSoft {
			t.Fatalf("seed %d: restart gives cost %d soft %d, best was %d %d", seed, l.s.cost, l.s.soft, l.bestCost, l.bestSoft)
		}
	}
}
