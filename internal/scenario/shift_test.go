package scenario

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"drover/internal/model"
)

// shifting is a random fleet in futures that treat its servers differently: a zone
// is lost for a while, a server for good, another one after it was to be empty.
func shifting(seed uint64) *state {
	v := randomView(seed, 9, 0.7)
	for a := range 4 {
		id := model.ApplicationID([]string{"a000", "a001", "a002", "a003"}[a])
		app := v.Applications[id]
		app.Affinity, app.AntiAffinity = []model.ApplicationID{"a002"}, []model.ApplicationID{"a001"}
		v.Applications[id] = app
		v.Edges = append(v.Edges, model.Edge{Caller: id, Callee: "a001", CallsPerSecond: 10, RequestBytesPerSecond: 1e7})
	}
	f := newFleet(v, Config{}.WithDefaults())
	futures := append(f.generate()[:2], []Future{
		{Name: "zone", Weight: 0.1, Required: true, Lost: []Loss{{Zone: "z1", Start: noon.Add(2 * time.Hour), End: noon.Add(4 * time.Hour)}}},
		{Name: "server", Weight: 0.1, Lost: []Loss{{Server: "s003"}}},
		{Name: "emptied", Weight: 0.1, Required: true, Lost: []Loss{{Server: "s004", Drained: true, Start: noon.Add(time.Hour)}, {Server: "s007"}}},
	}...)
	return newState(f, f.worlds(futures), f.start)
}

// sameAsAnew compares everything that a placement keeps with one worked out anew.
func sameAsAnew(t *testing.T, st *state) {
	t.Helper()
	fresh := newState(st.f, st.worlds, st.place)
	if st.total != fresh.total || st.withMoves() != fresh.withMoves() {
		t.Fatalf("kept %+v, with moves %+v; anew %+v, %+v", st.total, st.withMoves(), fresh.total, fresh.withMoves())
	}
	if !slices.Equal(st.server, fresh.server) || !slices.Equal(st.app, fresh.app) {
		t.Fatal("scores of servers or applications differ")
	}
	for w := range st.worlds {
		if !slices.Equal(st.load[w], fresh.load[w]) || !slices.Equal(st.survivors[w], fresh.survivors[w]) {
			t.Fatalf("loads or survivors in %q differ", st.worlds[w].Name)
		}
	}
	for s := range st.on {
		if !slices.Equal(st.on[s], fresh.on[s]) {
			t.Fatalf("server %d has %v, want %v", s, st.on[s], fresh.on[s])
		}
	}
}

// After any shifts, settled at once or taken back, all that is kept is right.
func TestShiftsSettleToWhatIsWorkedOutAnew(t *testing.T) {
	for seed := range uint64(12) {
		st, rng := shifting(seed), rand.New(rand.NewPCG(seed, 3))
		for range 25 {
			var done []step
			for range 1 + rng.IntN(8) {
				r, to := rng.IntN(len(st.place)), rng.IntN(len(st.on))
				done = append(done, step{r, st.place[r], to})
				st.shift(r, to)
			}
			if rng.IntN(2) == 0 {
				for _, d := range slices.Backward(done) {
					st.shift(d.replica, d.from)
				}
				st.unchanged()
			}
			st.settle()
			sameAsAnew(t, st)
		}
	}
}

// A copy goes its own way, and another placement is the same however it is come by.
func TestPlacementsAreIndependentOfEachOther(t *testing.T) {
	for seed := range uint64(6) {
		st, rng := shifting(seed), rand.New(rand.NewPCG(seed, 4))
		before := st.total
		place := make([]int, len(st.place))
		for r := range place {
			place[r] = rng.IntN(len(st.on))
		}
		other := st.at(place)
		sameAsAnew(t, other)
		if !slices.Equal(other.place, place) {
			t.Fatalf("placed at %v, want %v", other.place, place)
		}
		if st.total != before || !slices.Equal(st.place, st.f.start) {
			t.Fatalf("the placement it came from has changed: %+v, was %+v", st.total, before)
		}
		sameAsAnew(t, st)
	}
}

// What applications allow counts once a placement is priced again.
func TestPricingAgainReadsTheLimits(t *testing.T) {
	st := shifting(1)
	for a := range st.f.capPPM {
		st.f.capPPM[a] = 100_000
	}
	again := st.again()
	sameAsAnew(t, again)
	if again.total.broken <= st.total.broken {
		t.Errorf("%d promises are broken, %d were under wider limits", again.total.broken, st.total.broken)
	}
}

func TestServersAreAlikeInAFuture(t *testing.T) {
	w := &world{
		gone: []bool{false, false, true, true, true, true, false, false},
		fled: []bool{false, false, true, true, true, false, false, false},
	}
	for _, c := range []struct {
		a, b int
		want bool
	}{{0, 3, true}, {0, 1, false}, {1, 2, false}, {2, 2, true}} {
		if got := w.alike(c.a, c.b, 2); got != c.want {
			t.Errorf("servers %d and %d alike: %v, want %v", c.a, c.b, got, c.want)
		}
	}
	if !(&world{}).alike(0, 1, 2) {
		t.Error("servers differ in a future that takes none away")
	}
}

// Breaches are the same whether or not the least limit is known.
func TestTheLeastLimitSparesNothingThatCounts(t *testing.T) {
	found := 0
	for seed := range uint64(6) {
		st := shifting(seed)
		for s := range st.on {
			least := st.leastLimitPPM(s, 1<<62)
			for w := range st.worlds {
				for period := range st.f.periods() {
					n, excess := st.serverBreach(s, w, period)
					if m, e := st.breachAbove(least, s, w, period); m != n || e != excess {
						t.Fatalf("server %d, %q, period %d: %d by %d, want %d by %d", s, st.worlds[w].Name, period, m, e, n, excess)
					}
					found += int(n)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no breach in any fleet: nothing was compared")
	}
}

// The greatest load to come is that of the worst period still ahead.
func TestTheLoadToComeIsTheWorstAhead(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "z")}, []model.Application{testApplication("a", 100), testApplication("b", 300)},
		map[string]string{"a/0": "s1", "b/0": "s1"})
	shapedForecast(v, model.ReplicaEntity("a/0"), model.CPU, []float64{500, 900, 200}, 1)
	f := newFleet(v, Config{Periods: 3}.WithDefaults())
	if f.replicas[0].series[model.CPU] == nil {
		t.Fatal("the forecast was not found")
	}
	for from, want := range []int64{1200, 1200, 500} {
		if got := f.toCome(from); got != want {
			t.Errorf("from period %d on: %d, want %d", from, got, want)
		}
	}
}

// The server chosen for a replica is the one that a look at every server in full
// would choose.
func TestTheTargetIsTheFullestThatHasRoom(t *testing.T) {
	chosen := 0
	for seed := range uint64(8) {
		st := shifting(seed)
		all, byApp := st.f.budgets()
		e := newEmptying(newBuilder(st), st, all, byApp)
		for r, source := range st.place {
			best, bestOver, bestLeft := -1, false, int64(0)
			for s := range st.on {
				if s == source || len(st.on[s]) == 0 || !st.f.accepts(s) || !e.fits(r, s) || !e.allowed(r, s) {
					continue
				}
				left, over := int64(1<<62), false
				for c := range e.b.columns {
					rest := e.safe[s*e.b.columns+c] - e.b.demand[r*e.b.columns+c][model.CPU]
					left, over = min(left, rest), over || rest < 0
				}
				if best < 0 || bestOver && !over || over == bestOver && left < bestLeft {
					best, bestOver, bestLeft = s, over, left
				}
			}
			if got := e.target(r, source); got != best {
				t.Fatalf("seed %d: replica %d goes to %d, want %d", seed, r, got, best)
			}
			if best >= 0 {
				chosen++
			}
		}
	}
	if chosen == 0 {
		t.Error("no replica had anywhere to go: nothing was compared")
	}
}
