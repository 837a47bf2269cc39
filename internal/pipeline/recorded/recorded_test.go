package recorded

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

var begin = model.InstantOf(time.Date(2026, 3, 12, 6, 0, 0, 0, time.UTC))

// world returns events of a fleet of two servers and two applications: three
// hours of measurements a minute, heartbeats from the second hour on.
func world() []any {
	var out []any
	for i, id := range []model.ServerID{"s1", "s2"} {
		out = append(out, model.Server{Fleet: "shop", ID: id, At: begin, Zone: string(rune('a' + i)),
			Capacity: model.Vector{model.CPU: 8000, model.Memory: 16 * gibi}})
	}
	out = append(out,
		model.Application{Fleet: "shop", ID: "web", At: begin, Replicas: 2, Placement: []model.ServerID{"s1", "s2"}, SLO: model.SLO{HeadroomPPM: 100_000}},
		model.Application{Fleet: "shop", ID: "db", At: begin, Replicas: 1, Placement: []model.ServerID{"s1"}, DemandMicros: 2000, MoveCost: 3},
		model.CalendarEvent{Fleet: "shop", ID: "sale", At: begin, Start: begin.Add(2 * time.Hour), End: begin.Add(3 * time.Hour)},
		model.Maintenance{Fleet: "shop", ID: "m1", Server: "s2", At: begin.Add(time.Hour), Start: begin.Add(2 * time.Hour), End: begin.Add(150 * time.Minute)})
	for m := 1; m <= 180; m++ {
		at := begin.Add(time.Duration(m) * time.Minute)
		for r := range 2 {
			out = append(out, metric(model.ReplicaEntity(model.NewReplicaID("web", r)), at, 1000+float64(m)))
		}
		out = append(out, metric(model.ApplicationEntity("db"), at, 500),
			model.Call{Fleet: "shop", Caller: "web", Callee: "db", At: at, Calls: 6000, RequestBytes: 600_000, ResponseBytes: 6_000_000})
		if m >= 60 {
			out = append(out, model.Heartbeat{Producer: "p", At: at})
		}
	}
	return out
}

func metric(entity model.EntityID, at model.Instant, cpu float64) model.Metric {
	return model.Metric{Fleet: "shop", Entity: entity, At: at, Producer: "p", Samples: []model.Sample{
		{Resource: model.CPU, Value: cpu}, {Resource: model.Memory, Value: gibi}}}
}

func build(t *testing.T, events []any, change func(*Options)) (*Fleet, error) {
	t.Helper()
	r := NewRecord()
	for _, e := range events {
		r.Add(e)
	}
	o := Options{Interval: 5 * time.Minute, Seed: 1}
	if change != nil {
		change(&o)
	}
	return r.Build(o)
}

func mustBuild(t *testing.T, events []any, change func(*Options)) *Fleet {
	t.Helper()
	f, err := build(t, events, change)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestARecordBecomesAFleet(t *testing.T) {
	f := mustBuild(t, world(), nil)
	s := f.Spec
	if s.Fleet != "shop" || s.Start != begin.Add(time.Hour) || s.History != time.Hour || f.Length != 2*time.Hour {
		t.Errorf("fleet %s from %v with %v of history, %v judged", s.Fleet, s.Start, s.History, f.Length)
	}
	db, web := &s.Applications[0], &s.Applications[1]
	if db.ID != "db" || web.ID != "web" || len(s.Servers) != 2 {
		t.Fatalf("applications %v and %v on %d servers", db.ID, web.ID, len(s.Servers))
	}
	// The replicas' loads add up; minute m ends at m minutes.
	for m, v := range web.Recorded.CPUMilli {
		if want := 2 * (1000 + float64(m+1)); v != want {
			t.Fatalf("web in minute %d: %v millicores, want %v", m, v, want)
		}
	}
	if web.Recorded.MemoryBytes[0] != 2*gibi || db.Recorded.CPUMilli[100] != 500 {
		t.Errorf("web holds %v bytes, db uses %v", web.Recorded.MemoryBytes[0], db.Recorded.CPUMilli[100])
	}
	// 0.5 cores at 2 ms are 250 requests a second; web makes 100 calls a second.
	if db.Demand != 2*time.Millisecond || f.Account.Applications[0].DemandFrom != demandStated || math.Abs(f.Account.Applications[0].PerSecond-250) > 1e-6 {
		t.Errorf("db: %v %+v", db.Demand, f.Account.Applications[0])
	}
	if f.Account.Applications[1].DemandFrom != demandOutgoing || len(web.Calls) != 1 || math.Abs(web.Calls[0].Rate-1) > 1e-3 {
		t.Errorf("web: %+v calls %+v, want one call for each request, since nothing else tells of its requests", f.Account.Applications[1], web.Calls)
	}
	if c := web.Calls[0]; c.RequestBytes != 100 || c.ResponseBytes != 1000 {
		t.Errorf("call %+v", c)
	}
	if web.Entry <= 0 || db.Entry != 0 {
		t.Errorf("entries %v and %v: want web alone", web.Entry, db.Entry)
	}
	if !slices.Equal(web.Placement, []model.ServerID{"s1", "s2"}) || db.Stated.MoveCost != 3 {
		t.Errorf("web on %v, db stated %+v", web.Placement, db.Stated)
	}
	if len(s.Maintenance) != 1 || s.Maintenance[0].Begin != time.Hour || s.Maintenance[0].Announced != time.Hour || len(s.Calendar) != 1 {
		t.Errorf("maintenance %+v, calendar %+v", s.Maintenance, s.Calendar)
	}
	if len(f.Account.Notes) != 1 || !strings.Contains(f.Account.Notes[0], "Power is not stated") {
		t.Errorf("notes %q", f.Account.Notes)
	}
}

// Logs of different topics and partitions come one after the other: only the
// order within each counts.
func TestTheOrderOfLogsDoesNotMatter(t *testing.T) {
	want := mustBuild(t, world(), nil)
	events := world()
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	if got := mustBuild(t, events, nil); !reflect.DeepEqual(got, want) {
		t.Errorf("another order gives another fleet: %+v, want %+v", got.Account, want.Account)
	}
}

func TestClocksThatAreOffDoNotStretchARecord(t *testing.T) {
	want := mustBuild(t, repeated(world()), nil)
	got := mustBuild(t, append(repeated(world()), metric("app:db", 1, 7), metric("app:db", begin.Add(500*24*time.Hour), 7)), nil)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("two samples years off give %+v, without them %+v", got.Account, want.Account)
	}
}

// repeated has every measurement four times, as from several scrapers.
func repeated(events []any) []any {
	var out []any
	for _, e := range events {
		out = append(out, e)
		if m, ok := e.(model.Metric); ok {
			out = append(out, m, m, m)
		}
	}
	return out
}

func TestWhatWasDoneBeforeMovesTheBeginning(t *testing.T) {
	moved := func(at time.Duration, to model.ServerID) model.Outcome {
		return model.Outcome{Fleet: "shop", Kind: model.OutcomeMove, Plan: "p", Replica: "db/0", Server: to, At: begin.Add(at), OK: true}
	}
	events := append(world(), moved(30*time.Minute, "s2"), moved(2*time.Hour, "s1"),
		model.Plan{Fleet: "shop", ID: "p", Tick: begin.Add(time.Hour)}, model.Plan{Fleet: "shop", ID: "old", Tick: begin.Add(time.Minute)})
	f := mustBuild(t, events, nil)
	if on := f.Spec.Applications[0].Placement[0]; on != "s2" {
		t.Errorf("db begins on %s, want s2, where it had been moved", on)
	}
	if len(f.Done) != 2 {
		t.Errorf("done %+v, want the plan of the beginning and the later move", f.Done)
	}
}

func TestGapsAreFilledAndTold(t *testing.T) {
	var events []any
	for _, e := range world() {
		m, ok := e.(model.Metric)
		minute := 0
		if ok {
			minute = int(m.At.Sub(begin) / time.Minute)
		}
		if ok && m.Entity == "app:db" && (minute > 100 && minute <= 110 || minute > 130 && minute <= 170) {
			continue
		}
		events = append(events, e)
	}
	f := mustBuild(t, events, nil)
	if !strings.Contains(strings.Join(f.Account.Notes, " "), "25 of 360 application minutes") {
		t.Errorf("notes %q: want 25 minutes filled: forty less the quarter of an hour that a value counts", f.Account.Notes)
	}
}

func TestCountersGiveRatesAndInstancesAddUp(t *testing.T) {
	events := world()
	for m := 0; m <= 180; m++ {
		at := begin.Add(time.Duration(m) * time.Minute)
		for i := range 2 {
			total := float64(m * 60 * (1000 + i*500)) // millicore-seconds
			if m >= 90 {
				total -= 90 * 60 * 1000 // it began anew
			}
			events = append(events, model.Metric{Fleet: "shop", Entity: "app:cron", At: at, Producer: fmt.Sprint("node", i),
				Samples: []model.Sample{{Resource: model.CPU, Kind: model.Counter, Value: max(0, total)}}})
		}
	}
	events = append(events, model.Application{Fleet: "shop", ID: "cron", At: begin, Replicas: 1})
	f := mustBuild(t, events, nil)
	cron := f.Spec.Applications[0]
	if got := cron.Recorded.CPUMilli[50]; got != 2500 {
		t.Errorf("cron uses %v millicores, want the 2500 of both instances", got)
	}
	if cron.Placement[0] == "" || f.Account.Applications[0].DemandFrom != demandAssumed {
		t.Errorf("cron on %q, %+v", cron.Placement[0], f.Account.Applications[0])
	}
}

func TestCirclesOfCallsAreCut(t *testing.T) {
	events := append(world(), model.Call{Fleet: "shop", Caller: "db", Callee: "web", At: begin.Add(time.Hour), Calls: 10},
		model.Call{Fleet: "shop", Caller: "db", Callee: "db", At: begin.Add(time.Hour), Calls: 10})
	f := mustBuild(t, events, nil)
	if n := len(f.Spec.Applications[0].Calls) + len(f.Spec.Applications[1].Calls); n != 1 {
		t.Errorf("%d calls, want that with most", n)
	}
	if !strings.Contains(strings.Join(f.Account.Notes, " "), "close a circle: db to db, db to web") {
		t.Errorf("notes %q", f.Account.Notes)
	}
}

func TestSpansCountOnce(t *testing.T) {
	r := NewRecord()
	for range 3 {
		r.Add(model.Call{Fleet: "shop", Caller: "a", Callee: "b", SpanID: "s", Calls: 1})
	}
	r.Add(model.Call{Fleet: "shop", Caller: "a", Callee: "b", SpanID: "t", Calls: 1})
	if got := r.fleets["shop"].edges[edge{"a", "b"}].total; got != 2 {
		t.Errorf("%v calls, want 2", got)
	}
}

func TestMadeUpServersCarryEveryPeak(t *testing.T) {
	var events []any
	for _, e := range world() {
		switch e.(type) {
		case model.Server, model.Application:
		default:
			events = append(events, e)
		}
	}
	servers := DefaultServers()
	f := mustBuild(t, events, func(o *Options) { o.Servers = &servers })
	peaks := 0.0
	for i, a := range f.Spec.Applications {
		peaks += f.Account.Applications[i].PeakCores
		if each := f.Account.Applications[i].PeakCores / float64(a.Replicas); each > servers.ReplicaCores || a.Replicas < 2 {
			t.Errorf("%s: %d replicas of %.2f cores at the peak", a.ID, a.Replicas, each)
		}
	}
	if got := peaks / f.Account.Cores; math.Abs(got-loadAtPeaks) > 0.01 {
		t.Errorf("all peaks take %.3f of the cores, want %v", got, loadAtPeaks)
	}
	web := f.Spec.Applications[1]
	if web.SLO.ResponseMicros == 0 || web.SLO.HeadroomPPM == 0 || len(web.Calls) != 1 {
		t.Errorf("web promises %+v", web.SLO)
	}
	twice := mustBuild(t, events, func(o *Options) { o.Servers, o.Scale = &servers, 2*f.Account.Scale })
	a, b := f.Account.Applications[1], twice.Account.Applications[1]
	if math.Abs(b.MeanCores-2*a.MeanCores) > 1e-6 || math.Abs(b.DemandMillis-a.DemandMillis) > 1e-9 || math.Abs(b.PerSecond-2*a.PerSecond) > 1e-6 {
		t.Errorf("at twice the scale %+v, want twice of %+v with the same request", b, a)
	}
	if rate := twice.Spec.Applications[1].Calls[0].Rate; math.Abs(rate-web.Calls[0].Rate) > 1e-9 {
		t.Errorf("a request makes %v calls at twice the scale, %v before", rate, web.Calls[0].Rate)
	}
}

func TestWhatCannotBeBuiltSaysWhy(t *testing.T) {
	without := func(drop func(any) bool) []any {
		return slices.DeleteFunc(world(), drop)
	}
	is := func(kind any) func(any) bool {
		return func(e any) bool { return reflect.TypeOf(e) == reflect.TypeOf(kind) }
	}
	other := metric("app:x", begin, 1)
	other.Fleet = "bank"
	late := metric("app:db", begin.Add(500*24*time.Hour), 1)
	for want, c := range map[string]struct {
		events []any
		change func(*Options)
	}{
		"no load was recorded":              {events: without(is(model.Metric{}))},
		"states no servers":                 {events: without(is(model.Server{}))},
		"states no applications":            {events: without(is(model.Application{}))},
		"bank, shop":                        {events: append(world(), other)},
		`fleet "farm"`:                      {events: world(), change: func(o *Options) { o.Fleet = "farm" }},
		"from 2027":                         {events: world(), change: func(o *Options) { o.From = begin.Add(365 * 24 * time.Hour) }},
		"nothing to judge":                  {events: world(), change: func(o *Options) { o.From, o.To = begin.Add(time.Hour), begin.Add(time.Hour+time.Minute) }},
		"mend the clock":                    {events: slices.Repeat([]any{late, metric("app:db", begin, 1)}, 9)},
		"interval 90s":                      {events: world(), change: func(o *Options) { o.Interval = 90 * time.Second }},
		"its capacity of CPU is not stated": {events: append(world(), model.Server{Fleet: "shop", ID: "s3", At: begin})},
		"scale -1":                          {events: world(), change: func(o *Options) { o.Scale = -1 }},
		"servers 0: ":                       {events: world(), change: func(o *Options) { o.Servers = &Servers{} }},
	} {
		if _, err := build(t, c.events, c.change); err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "1m30s", "90s"), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestAnInventoryStandsInForTheRecords(t *testing.T) {
	f := mustBuild(t, world(), func(o *Options) {
		o.Inventory = []any{model.Server{ID: "big", Capacity: model.Vector{model.CPU: 64_000, model.Memory: 64 * gibi}},
			model.Application{ID: "web", Replicas: 3}}
	})
	if len(f.Spec.Servers) != 1 || len(f.Spec.Applications) != 1 || f.Spec.Applications[0].Replicas != 3 || len(f.Spec.Maintenance) != 0 {
		t.Errorf("servers %+v, applications %+v", f.Spec.Servers, f.Spec.Applications)
	}
	if notes := strings.Join(f.Account.Notes, " "); !strings.Contains(notes, "no inventory states them: applications db") || !strings.Contains(notes, "for 3 replicas") {
		t.Errorf("notes %q", notes)
	}
}

func FuzzSeries(f *testing.F) {
	f.Add([]byte{1, 2, 3, 60, 7, 200})
	f.Fuzz(func(t *testing.T, b []byte) {
		var s series
		for i := 0; i+1 < len(b); i += 2 {
			s.add(begin.Add(time.Duration(int(b[i])-50)*17*time.Second), float64(b[i+1]))
		}
		const minutes = 60
		values := s.perMinute(begin, minutes)
		if len(values) != minutes {
			t.Fatalf("%d minutes", len(values))
		}
		filled := closeGaps(values)
		for _, v := range values {
			if filled >= 0 && !(v >= 0 && v <= 255) {
				t.Fatalf("%v was never measured", v)
			}
		}
	})
}
