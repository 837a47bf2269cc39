package scenario

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"drover/internal/model"
)

// callView is a random fleet whose applications call one another (sometimes in a
// circle) and promise response times near what they need.
func callView(seed uint64) View {
	rng := rand.New(rand.NewPCG(seed, 11))
	v := randomView(seed, 4+int(seed%6), 0.3+0.5*rng.Float64())
	n := len(v.Applications)
	for a := range n {
		id := model.ApplicationID(fmt.Sprintf("a%03d", a))
		app := v.Applications[id]
		app.DemandMicros, app.ServiceCVMilli = 2_000+rng.Int64N(20_000), []int64{-1, 0, 500, 1000, 2000}[rng.IntN(5)]
		if rng.IntN(8) == 0 {
			app.DemandMicros = 0
		}
		app.SLO.ResponseQuantilePPM, app.SLO.ResponseMicros = 990_000, 30_000+rng.Int64N(600_000)
		v.Applications[id] = app
		for range rng.IntN(3) {
			callee := model.ApplicationID(fmt.Sprintf("a%03d", min(n-1, a+1+rng.IntN(4))))
			if rng.IntN(12) == 0 {
				callee = model.ApplicationID(fmt.Sprintf("a%03d", rng.IntN(n)))
			}
			v.Edges = append(v.Edges, model.Edge{Caller: id, Callee: callee, CallsPerSecond: 5 + 40*rng.Float64(), RequestBytesPerSecond: 4e4})
		}
	}
	for i := range 4 {
		v.Links = append(v.Links, model.Link{From: model.ServerID(fmt.Sprintf("s%03d", i)), To: model.ServerID(fmt.Sprintf("s%03d", i+1)),
			RTTMicros: 100 + rng.Int64N(5_000), BandwidthBytesPerSecond: 1e6 + rng.Int64N(1e9), Measured: true})
	}
	return v
}

// What the bound leaves out must have a wider margin by convolution too.
func TestTheBoundLeavesOutNoDoubtfulResponse(t *testing.T) {
	judged, left := 0, 0
	for seed := range uint64(16) {
		f := newFleet(callView(seed), Config{}.WithDefaults())
		futures, _ := f.reduce(f.generate())
		st := newState(f, f.worlds(futures), f.start)
		for w := range st.worlds {
			margin := map[int]int64{}
			for _, j := range st.judge(w, math.MaxInt64) {
				limit := f.applications[j.app].SLO.ResponseMicros
				margin[j.app] = -1 << 40
				if !j.overloaded {
					margin[j.app] = int64(float64(limit-j.micros) / float64(limit) * 1e6)
				}
			}
			for _, wider := range []int64{-500_000, 0, 300_000} {
				doubtful := map[int]bool{}
				for _, j := range st.judge(w, wider) {
					doubtful[j.app] = true
				}
				judged, left = judged+len(margin), left+len(doubtful)
				for a, m := range margin {
					if !doubtful[a] && m <= wider {
						t.Errorf("seed %d, %s: %s has a margin of %d ppm and was left out at %d", seed, st.worlds[w].Name, f.applications[a].ID, m, wider)
					}
				}
			}
		}
	}
	if judged-left < 1000 {
		t.Errorf("%d of %d responses were left out: too few to tell", judged-left, judged)
	}
}

// A record must be the same whether response times are bounded first or not.
func TestRecordsAreTheSameWithTheBound(t *testing.T) {
	for seed := range uint64(8) {
		f := newFleet(callView(seed), Config{}.WithDefaults())
		futures, _ := f.reduce(f.generate())
		st := newState(f, f.worlds(futures), f.start)
		for w := range st.worlds {
			kept := st.margins(w)
			if len(kept) < worstMargins {
				t.Fatalf("seed %d: %d margins", seed, len(kept))
			}
			for _, m := range st.responseMargins(w, math.MaxInt64) {
				last := &kept[len(kept)-1]
				if at := tightest([]model.Margin{m, *last}, 1)[0]; at == m && m != *last && !contains(kept, m) {
					t.Errorf("seed %d, %s: %+v is not in the record, %+v is", seed, st.worlds[w].Name, m, *last)
				}
			}
		}
	}
}

func contains(list []model.Margin, m model.Margin) bool {
	for _, o := range list {
		if o == m {
			return true
		}
	}
	return false
}
