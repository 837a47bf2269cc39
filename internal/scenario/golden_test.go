package scenario

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"drover/internal/model"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGoldenDecisions holds whole decisions, word for word, against files: a
// change of any reason, number or order has to be looked at.
func TestGoldenDecisions(t *testing.T) {
	shop := func() View {
		web, db, job := testApplication("web", 1500), testApplication("db", 2500), testApplication("job", 3000)
		web.MinimumZones, web.AntiAffinity = 2, []model.ApplicationID{"web"}
		web.DemandMicros, web.ServiceCVMilli = 8000, 1500
		web.SLO = model.SLO{ResponseQuantilePPM: 950_000, ResponseMicros: 120_000, HeadroomPPM: 100_000}
		db.DemandMicros, db.DataBytes, db.Stateful = 4000, 6*gib, true
		v := testView([]model.Server{testServer("s1", "a"), testServer("s2", "a"), testServer("s3", "b"), testServer("s4", "b")},
			[]model.Application{web, db, job}, map[string]string{"web/0": "s1", "web/1": "s3", "db/0": "s1", "job/0": "s1"})
		v.Edges = []model.Edge{{Caller: "web", Callee: "db", CallsPerSecond: 350, RequestBytesPerSecond: 200_000, ResponseBytesPerSecond: 900_000}}
		v.Links = []model.Link{{From: "s1", To: "s3", RTTMicros: 900, BandwidthBytesPerSecond: 60_000_000, Measured: true}}
		shapedForecast(v, "replica:web/0", model.CPU, []float64{1500, 1700, 2300, 2600}, 1.2)
		shapedForecast(v, "replica:web/1", model.CPU, []float64{1500, 1700, 2300, 2600}, 1.2)
		return v
	}
	cases := map[string]func(*View){
		"peak": func(*View) {},
		"maintenance": func(v *View) {
			v.Maintenance = []model.Maintenance{{ID: "m1", Server: "s1", Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour)}}
		},
		"campaign": func(v *View) {
			v.Calendar = []model.CalendarEvent{{ID: "c", Kind: "campaign", Name: "sale", Start: noon.Add(time.Hour), End: noon.Add(3 * time.Hour),
				UpliftPPM: 500_000, Applications: []model.ApplicationID{"web"}}}
		},
	}
	for name, change := range cases {
		v := shop()
		change(&v)
		ev, plan := Decide(v, Config{Code: "test"}, greedy)
		got, err := json.MarshalIndent(struct {
			Evaluation model.Evaluation
			Plan       *model.Plan
		}{ev, plan}, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".golden.json")
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) != string(got)+"\n" {
			t.Errorf("%s: the decision differs from %s; see with -update and git diff:\n%s", name, path, got)
		}
	}
}
