package demand

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"drover/internal/model"
)

// TestTrackerFollowsTheFold drives an application through two days with load
// that swings, and edges that report decayed averages of it, as the graph does.
func TestTrackerFollowsTheFold(t *testing.T) {
	const tick, halfLife = 5 * time.Minute, time.Hour
	r := rand.New(rand.NewPCG(1, 1))
	tr := NewTracker(halfLife, 24*time.Hour)
	at := model.Instant(1_700_000_000_000)
	fade := math.Exp2(-tick.Hours() / halfLife.Hours())
	sum, weight := 0.0, 0.0
	for i := range 576 {
		at = at.Add(tick)
		rate := 100 * (1.5 + math.Sin(2*math.Pi*float64(i)/288)) * (1 + 0.2*r.NormFloat64())
		sum, weight = sum*fade+rate, weight*fade+1
		edges := []model.Edge{
			{Caller: "web", Callee: "cart", CallsPerSecond: sum / weight / 4},
			{Caller: "shop", Callee: "cart", CallsPerSecond: 3 * sum / weight / 4},
			{Caller: "cart", Callee: "cart", CallsPerSecond: 1000},
			{Caller: "old", Callee: "cart", CallsPerSecond: 1000, Gone: true}}
		usage := 40 + rate*2500/1000 + 5*r.NormFloat64()
		tr.Tick(at, edges, map[model.ApplicationID]float64{"cart": usage, "web": 100, "broken": math.NaN()})
	}
	d, ok := tr.Demand("cart")
	if !ok || math.Abs(d.Micros[0]-2500) > 125 || math.Abs(d.BaseMilli-40) > 15 {
		t.Errorf("%+v %v, want 2500 µs and a base of 40 m", d, ok)
	}
	if n := tr.Applications["cart"].Fit.Count; n != 576 {
		t.Errorf("%d samples counted, want 576", n)
	}
	for _, app := range []model.ApplicationID{"web", "broken", "unknown"} {
		if _, ok := tr.Demand(app); ok {
			t.Errorf("%s has a demand", app)
		}
	}
	tr.Forget(func(app model.ApplicationID) bool { return app == "cart" })
	if _, ok := tr.Demand("cart"); ok {
		t.Error("a forgotten application has a demand")
	}
}

func TestTrackerSurvivesJSON(t *testing.T) {
	tr := NewTracker(time.Hour, 24*time.Hour)
	r := rand.New(rand.NewPCG(2, 2))
	at := model.Instant(1_700_000_000_000)
	step := func(tr *Tracker, rate, usage float64) {
		tr.Tick(at, []model.Edge{{Caller: "a", Callee: "b", CallsPerSecond: rate}}, map[model.ApplicationID]float64{"b": usage})
	}
	for range 80 {
		at = at.Add(time.Minute)
		rate := 10 * r.Float64()
		step(tr, rate, 3*rate)
	}
	b, err := json.Marshal(tr)
	if err != nil {
		t.Fatal(err)
	}
	restored := NewTracker(0, 0)
	if err := json.Unmarshal(b, restored); err != nil {
		t.Fatal(err)
	}
	step(tr, 1, 1) // the same tick again is ignored
	if !reflect.DeepEqual(tr, restored) {
		t.Error("a restored tracker differs")
	}
	at = at.Add(time.Minute)
	step(tr, 4, 13)
	step(restored, 4, 13)
	x, _ := tr.Demand("b")
	y, _ := restored.Demand("b")
	if !reflect.DeepEqual(x, y) {
		t.Errorf("%+v and %+v", x, y)
	}
}
