package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

// facts is what is known of a fleet that forecasts are made from.
type facts struct {
	fleet        model.FleetID
	now          model.Instant // event time
	servers      []model.ServerID
	applications []model.ApplicationID
	series       []series
	letters      int
	killed       bool
}

// series is one forecast in short.
type series struct {
	entity   model.EntityID
	resource string
	origin   model.Instant
	step     time.Duration
	samples  int64
	trusted  bool
	note     string
}

// factsOf takes the facts from what was read of the topics.
func factsOf(f *readmodel.Fleet) *facts {
	out := &facts{fleet: f.ID, now: f.Now, letters: len(f.Letters), killed: f.Killed}
	for id := range f.Servers {
		out.servers = append(out.servers, id)
	}
	for id := range f.Applications {
		out.applications = append(out.applications, id)
	}
	f.EachForecast(func(fc *readmodel.Forecast) {
		out.series = append(out.series, series{fc.Entity, fc.Resource.String(), fc.Origin, fc.Step, fc.Samples, fc.Trusted, fc.Note})
	})
	return out
}

// fleet says what a fleet's forecasts lack.
func (x *examiner) fleet(f *facts) {
	if f.letters > 0 {
		x.warn("deadletters", "drover deadletter list, then replay or drop", "fleet %s: %d records were refused", f.fleet, f.letters)
	} else {
		x.ok("deadletters", "fleet %s: none", f.fleet)
	}
	if f.killed {
		x.warn("fleet", "drover revive", "fleet %s: the kill switch is on, no command is given", f.fleet)
	}
	ready := 0
	known := map[model.EntityID]map[string]bool{}
	slices.SortFunc(f.series, func(a, b series) int {
		return cmp.Or(cmp.Compare(a.entity, b.entity), cmp.Compare(a.resource, b.resource))
	})
	for i := range f.series {
		s := &f.series[i]
		if known[s.entity] == nil {
			known[s.entity] = map[string]bool{}
		}
		known[s.entity][s.resource] = true
		if s.trusted {
			ready++
		}
	}
	x.ok("forecasts", "fleet %s: %d of %d series are trusted at %v", f.fleet, ready, len(f.series), f.now)
	x.unmeasured(f, known)
	x.unready(f)
}

// unmeasured names servers without the metrics that placing needs, and
// applications of which nothing is measured at all.
func (x *examiner) unmeasured(f *facts, known map[model.EntityID]map[string]bool) {
	lacks := func(entity model.EntityID, what string) {
		x.add(Finding{Check: "metrics", Status: Warning, Entity: string(entity), Message: "no metrics of " + what,
			Fix: "send them to ingest (docs/ingest.md); without them it is planned by what is asked for, not by what is used"})
	}
	slices.Sort(f.servers)
	for _, id := range f.servers {
		var without []string
		for _, r := range []string{"cpu", "memory"} {
			if !known[model.ServerEntity(id)][r] {
				without = append(without, r)
			}
		}
		if len(without) > 0 {
			lacks(model.ServerEntity(id), strings.Join(without, " and "))
		}
	}
	measured := map[string]bool{} // applications, by themselves or by their replicas
	for entity := range known {
		if kind, name, ok := entity.Split(); ok && kind != model.KindServer {
			app := name
			if kind == model.KindReplica {
				if i := strings.LastIndexByte(name, '/'); i >= 0 {
					app = name[:i]
				}
			}
			measured[app] = true
		}
	}
	slices.Sort(f.applications)
	for _, id := range f.applications {
		if !measured[string(id)] {
			lacks(model.EntityID("app:"+string(id)), "it or its replicas")
		}
	}
}

// unready says for each entity what its forecast waits for. Resources that wait
// for the same are told together.
func (x *examiner) unready(f *facts) {
	type reason struct {
		entity model.EntityID
		text   string
	}
	var order []reason
	resources := map[reason][]string{}
	for i := range f.series {
		s := &f.series[i]
		if s.trusted {
			continue
		}
		why := reason{s.entity, x.waits(s)}
		if resources[why] == nil {
			order = append(order, why)
		}
		resources[why] = append(resources[why], s.resource)
	}
	for _, why := range order {
		x.add(Finding{Check: "forecasts", Status: Warning, Entity: string(why.entity), Message: strings.Join(resources[why], ", ") + ": " + why.text})
	}
}

// waits says what a series' forecast waits for.
func (x *examiner) waits(s *series) string {
	have := time.Duration(s.samples) * s.step
	switch {
	case strings.HasPrefix(s.note, "too little history") && have < x.needs:
		return fmt.Sprintf("forecast not ready: %s of history, needs %s; ready at %s", hours(have), hours(x.needs), s.origin.Add(x.needs-have).Time().Format("2006-01-02 15:04"))
	case strings.HasPrefix(s.note, "too little history"):
		return fmt.Sprintf("forecast not ready: %s of history with gaps, needs %s without", hours(have), hours(x.needs))
	case s.note == "":
		return "forecast is not trusted"
	}
	return "forecast is not trusted: " + s.note
}

// hours writes a duration in hours and minutes.
func hours(d time.Duration) string {
	d = d.Round(time.Minute)
	h, m := int(d/time.Hour), int(d%time.Hour/time.Minute)
	switch {
	case h == 0:
		return fmt.Sprintf("%d min", m)
	case m == 0:
		return fmt.Sprintf("%d h", h)
	}
	return fmt.Sprintf("%d h %d min", h, m)
}
