package graph

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"drover/internal/model"
)

// noon is where the tests' event time starts.
const noon = model.Instant(1_700_000_000_000)

func call(caller, callee string, at model.Instant, calls uint64) model.Call {
	return model.Call{Fleet: "f", Caller: model.ApplicationID(caller), Callee: model.ApplicationID(callee),
		At: at, Producer: "p", Origin: model.Observed, Calls: calls}
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*math.Abs(want) {
		t.Errorf("%s = %g, want %g within %g", what, got, want, tolerance)
	}
}

func TestSteadyRateIsExactFromTheStart(t *testing.T) {
	for _, minutes := range []int{2, 10, 60, 600} {
		g := New(Config{})
		for m := range minutes + 1 {
			// The first record opens the window, so that its own calls add none.
			n := uint64(120)
			if m == 0 {
				n = 0
			}
			c := call("web", "db", noon.Add(time.Duration(m)*time.Minute), n)
			c.Errors, c.RequestBytes, c.ResponseBytes = n/12, 10*n, 100*n
			g.Observe(c)
		}
		e := g.Edges(noon.Add(time.Duration(minutes) * time.Minute))[0]
		near(t, "calls/s", e.CallsPerSecond, 2, 0.01)
		near(t, "errors/s", e.ErrorsPerSecond, 2.0/12, 0.01)
		near(t, "request bytes/s", e.RequestBytesPerSecond, 20, 0.01)
		near(t, "response bytes/s", e.ResponseBytesPerSecond, 200, 0.01)
		if want := uint64(120 * minutes); e.Calls != want {
			t.Errorf("calls in all %d, want %d", e.Calls, want)
		}
	}
}

func TestRateHalvesInEachHalfLifeOfSilence(t *testing.T) {
	g := New(Config{HalfLife: 10 * time.Minute})
	for m := range 24 * 60 {
		g.Observe(call("web", "db", noon.Add(time.Duration(m)*time.Minute), 60))
	}
	end := noon.Add(24 * time.Hour)
	rate := g.Edges(end)[0].CallsPerSecond
	for _, halves := range []int{1, 3, 10} {
		later := g.Edges(end.Add(time.Duration(halves) * 10 * time.Minute))[0].CallsPerSecond
		near(t, "calls/s after silence", later, rate/math.Exp2(float64(halves)), 1e-9)
	}
}

func TestLatencyQuantiles(t *testing.T) {
	g := New(Config{})
	r := rand.New(rand.NewPCG(1, 1))
	all := make([]float64, 0, 10_000)
	for i := range 10_000 {
		micros := math.Exp(8 + r.NormFloat64())
		all = append(all, micros)
		c := call("web", "db", noon.Add(time.Duration(i)*time.Millisecond), 1)
		c.DurationMicros = []uint64{uint64(micros)}
		g.Observe(c)
	}
	slices.Sort(all)
	e := g.Edges(noon.Add(10 * time.Second))[0]
	near(t, "p50", float64(e.P50Micros), all[5000], 0.03)
	near(t, "p95", float64(e.P95Micros), all[9500], 0.03)
}

func TestDuplicatesLateAndRefusedAreCounted(t *testing.T) {
	g := New(Config{})
	c := call("web", "db", noon, 1)
	c.SpanID = "a1"
	if o := g.Observe(c); o != Folded {
		t.Errorf("first: %v", o)
	}
	if o := g.Observe(c); o != Duplicate {
		t.Errorf("repeat: %v", o)
	}
	other := c
	other.Callee = "queue"
	if o := g.Observe(other); o != Folded {
		t.Errorf("the span's other call: %v", o)
	}
	otherFleet := c
	otherFleet.Fleet = "g"
	if o := g.Observe(otherFleet); o != Folded {
		t.Errorf("the same span id in another fleet: %v", o)
	}
	g.Changed(noon.Add(time.Minute))
	if o := g.Observe(call("web", "db", noon.Add(time.Minute), 1)); o != FoldedLate {
		t.Errorf("at the tick: %v", o)
	}
	for _, bad := range []model.Call{call("", "db", noon, 1), call("web", "", noon, 1), call("web", "db", 0, 1), {}} {
		if o := g.Observe(bad); o != Refused {
			t.Errorf("%+v: %v", bad, o)
		}
	}
	if got, want := g.Counts("f"), (Counts{Folded: 3, Late: 1, Duplicates: 1}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	if got := g.Counts("unknown"); got != (Counts{}) {
		t.Errorf("counts of an unknown fleet %+v", got)
	}
	if g.Refused() != 4 {
		t.Errorf("refused %d, want 4", g.Refused())
	}
}

func TestSpanMemoryIsBounded(t *testing.T) {
	g := New(Config{SpanMemory: 100})
	at := func(i int) model.Call {
		c := call("web", "db", noon, 1)
		c.SpanID = string(rune('a' + i))
		return c
	}
	for i := range 1000 {
		g.Observe(at(i))
	}
	if n := len(g.seen.set); n != 100 {
		t.Errorf("%d spans remembered, want 100", n)
	}
	if o := g.Observe(at(950)); o != Duplicate {
		t.Errorf("a recent span: %v", o)
	}
	if o := g.Observe(at(10)); o != Folded {
		t.Errorf("a forgotten span: %v", o)
	}
}

func TestEdgesAgeOutWithOneTombstone(t *testing.T) {
	g := New(Config{HalfLife: time.Hour, GoneAfter: 10 * time.Hour})
	g.Observe(call("web", "db", noon, 1))
	g.Observe(call("web", "cache", noon.Add(9*time.Hour), 1))
	g.Changed(noon.Add(10 * time.Hour))
	if n := len(g.Edges(noon.Add(10 * time.Hour))); n != 2 {
		t.Fatalf("%d edges before the time, want 2", n)
	}
	changed := g.Changed(noon.Add(10*time.Hour + time.Millisecond))
	if len(changed) != 1 || !changed[0].Gone || changed[0].Callee != "db" || changed[0].LastSeen != noon {
		t.Fatalf("tombstones %+v", changed)
	}
	for _, again := range g.Changed(noon.Add(11 * time.Hour)) {
		if again.Callee == "db" {
			t.Errorf("told again: %+v", again)
		}
	}
	if g.Len() != 1 {
		t.Errorf("%d edges kept, want 1", g.Len())
	}
	g.Observe(call("web", "db", noon.Add(11*time.Hour), 5))
	back := g.Changed(noon.Add(12 * time.Hour))
	if len(back) != 2 || back[1].Gone || back[1].Calls != 5 || back[1].FirstSeen != noon.Add(11*time.Hour) {
		t.Errorf("an edge that came back: %+v", back)
	}
}

func TestNamesOfGoneEdgesAreReleased(t *testing.T) {
	g := New(Config{GoneAfter: time.Hour})
	at := noon
	for i := range 200 {
		g.Observe(call("web", "job-"+string(rune('a'+i)), at, 1))
		at = at.Add(time.Hour)
		g.Changed(at)
	}
	if len(g.edges) > 4 || len(g.symbols.names) > 8 {
		t.Errorf("%d slots and %d names for 2 live edges", len(g.edges), len(g.symbols.names))
	}
}

func TestChangedTellsOfFadingEdges(t *testing.T) {
	g := New(Config{HalfLife: time.Hour, GoneAfter: 100 * time.Hour})
	g.Observe(call("web", "db", noon, 1000))
	told, last := 0, math.Inf(1)
	for h := range 200 {
		for _, e := range g.Changed(noon.Add(time.Duration(h) * time.Hour)) {
			told++
			if e.CallsPerSecond > last || e.Gone != (e.CallsPerSecond == 0) {
				t.Errorf("hour %d: %g calls/s after %g, gone %v", h, e.CallsPerSecond, last, e.Gone)
			}
			last = e.CallsPerSecond
		}
	}
	if told < 5 || told > 25 {
		t.Errorf("told %d times, want one for each halving down to a call per GoneAfter", told)
	}
}

func TestOriginsAreKeptApart(t *testing.T) {
	g := New(Config{GoneAfter: time.Hour, DeclaredGoneAfter: 10 * time.Hour})
	declared := call("web", "db", noon, 0)
	declared.Origin = model.Declared
	g.Observe(declared)
	e := g.Edges(noon)[0]
	if e.Origins != model.Declared || e.Confidence != declaredConfidence || e.CallsPerSecond != 0 {
		t.Errorf("declared only: %+v", e)
	}
	inferred := call("web", "db", noon, 1)
	inferred.Origin = model.Inferred
	g.Observe(inferred)
	g.Observe(call("web", "db", noon.Add(time.Minute), 1))
	if e = g.Edges(noon.Add(time.Minute))[0]; e.Origins != allOrigins || e.Calls != 2 {
		t.Errorf("all three: %+v", e)
	}
	if e = g.Edges(noon.Add(2 * time.Hour))[0]; e.Origins != model.Declared {
		t.Errorf("only the declaration is left: %+v", e)
	}
	if left := g.Edges(noon.Add(11 * time.Hour)); len(left) != 0 {
		t.Errorf("after everything aged out: %+v", left)
	}
}

func TestConfidenceFollowsTheRhythmOfAnEdge(t *testing.T) {
	g := New(Config{})
	end := noon
	for day := range 5 {
		g.Observe(call("report", "db", noon.Add(time.Duration(day)*24*time.Hour), 1))
	}
	for m := range 4 * 24 * 60 {
		end = noon.Add(time.Duration(m) * time.Minute)
		g.Observe(call("web", "db", end, 10))
	}
	at := end.Add(12 * time.Hour)
	nightly, chatty := g.Edges(at)[0], g.Edges(at)[1]
	if nightly.Confidence < 0.9 {
		t.Errorf("nightly edge after half a day: %g, want >= 0.9", nightly.Confidence)
	}
	if chatty.Confidence > 0.05 {
		t.Errorf("edge of every minute after half a day: %g, want <= 0.05", chatty.Confidence)
	}
	if now := g.Edges(end)[1].Confidence; now < 0.999 {
		t.Errorf("edge in use: %g, want about 1", now)
	}
}
