package solver

import "testing"

// TestSavingsAreBounded: what early rejection relies on holds for every move.
func TestSavingsAreBounded(t *testing.T) {
	t.Parallel()
	shifts, swaps, ruled := 0, 0, 0
	for seed := range uint64(40) {
		features := uint(seed*40503)&allFeatures&^(withPower|withTraffic) | withBalance
		p := randomProblem(newRand(seed), shape{items: 40, bins: 8, groups: 8, resources: 3, periods: 1 + int(seed%2), features: features, tight: 0.5})
		in, err := compile(p)
		if err != nil {
			t.Fatal(err)
		}
		if !in.rising {
			t.Fatalf("seed %d: balance alone rules early rejection out", seed)
		}
		l := newLane(in, in.start, seed)
		s := l.s
		r := newRand(seed)
		for range 3000 {
			i, j := int32(r.IntN(in.items)), int32(r.IntN(in.items))
			b := int32(r.IntN(in.bins))
			if s.at[i] >= 0 && s.at[i] != b {
				gain := s.leaveGain(i)
				delta, _, ok := s.shift(i, b, gain)
				if ok && float64(delta) < float64(gain-in.relief[i])-in.mostFee {
					t.Fatalf("seed %d: moving %d to %d saves %d, leaving %d, relief %d", seed, i, b, -delta, -gain, in.relief[i])
				}
				if ok {
					// What outlook rules out at a limit is dearer than that.
					limit := float64(r.IntN(40) - 20)
					w := climate{homesick: float64(r.IntN(9))}
					home, hopeless := l.outlook(&w, i, gain, limit)
					if (hopeless || home != none && home != b) && w.cost(delta, 0, in.awayChange(i, s.at[i], b)) <= limit {
						t.Fatalf("seed %d: moving %d to %d costs %d, within %g, but is ruled out", seed, i, b, delta, limit)
					}
					ruled += min(1, int(home)+1)
				}
				if ok && in.start[i] == s.at[i] && delta < gain+in.moveCost[i]-in.relief[i] {
					t.Fatalf("seed %d: moving %d from its start saves %d", seed, i, -delta)
				}
				if ok {
					shifts++
					if delta < 0 || r.IntN(4) == 0 {
						s.apply(i, b, delta)
					}
				}
			}
			if s.at[i] >= 0 && s.at[j] >= 0 && s.at[i] != s.at[j] {
				least := s.leaveGain(i) + s.leaveGain(j) - in.relief[i] - in.relief[j]
				if delta, _, ok := s.swap(i, j); ok {
					swaps++
					if float64(delta) < float64(least)-in.mostFee {
						t.Fatalf("seed %d: exchanging %d and %d saves %d, bound %d", seed, i, j, -delta, -least)
					}
				}
			}
		}
	}
	if shifts < 5000 || swaps < 5000 || ruled < 1000 {
		t.Errorf("only %d shifts and %d swaps are feasible, %d shifts ruled out", shifts, swaps, ruled)
	}
}
