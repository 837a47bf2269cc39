package web

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

// recent is how far back ended plans count.
const recent = 24 * time.Hour

// Meters publish how fleets stand, from the read model, at the time they are
// asked. Times are event time.
type Meters struct {
	model  *readmodel.Model
	gauges []gauge
}

// gauge is one metric with how its values are found.
type gauge struct {
	desc *prometheus.Desc
	read func(f *readmodel.Fleet, tell func(value float64, labels ...string))
}

// NewMeters registers the metrics of a model. It may be nil, for who wants to
// know which metrics there are.
func NewMeters(m *readmodel.Model, registerer prometheus.Registerer) *Meters {
	out := &Meters{model: m}
	add := func(name, help string, read func(*readmodel.Fleet, func(float64, ...string)), labels ...string) {
		out.gauges = append(out.gauges, gauge{prometheus.NewDesc("drover_fleet_"+name, help, append([]string{"fleet"}, labels...), nil), read})
	}
	count := func(of func(*readmodel.Fleet) int) func(*readmodel.Fleet, func(float64, ...string)) {
		return func(f *readmodel.Fleet, tell func(float64, ...string)) { tell(float64(of(f))) }
	}
	add("servers", "Servers known.", count(func(f *readmodel.Fleet) int { return len(f.Servers) }))
	add("applications", "Applications known.", count(func(f *readmodel.Fleet) int { return len(f.Applications) }))
	add("replicas", "Replicas whose place is known.", count(func(f *readmodel.Fleet) int { return len(f.Placement) }))
	add("dependencies", "Dependencies known.", count(func(f *readmodel.Fleet) int { return len(f.Edges) }))
	add("dead_letters", "Records that were refused and that nobody has dealt with.", count(func(f *readmodel.Fleet) int { return len(f.Letters) }))
	add("paused", "1 while a person has paused the fleet.", count(func(f *readmodel.Fleet) int { return one(f.Paused) }))
	add("killed", "1 while the kill switch is on.", count(func(f *readmodel.Fleet) int { return one(f.Killed) }))
	add("event_time_seconds", "Event time up to which something is known, since the epoch.",
		func(f *readmodel.Fleet, tell func(float64, ...string)) { tell(float64(f.Now) / 1000) })
	add("plans", "Plans kept, by where they stand.", plansByState, "state")
	add("plans_ended_last_day", "Plans that ended within the last 24 hours of event time, by how.", plansEnded, "ending")
	add("plan_idle_seconds", "Longest event time that a running plan has gone without a step; 0: none runs.",
		func(f *readmodel.Fleet, tell func(float64, ...string)) { tell(idle(f).Seconds()) })
	add("broken_promises", "Promises broken over all futures of the newest decision, before and after what it decided.", promises, "when")
	registerer.MustRegister(out)
	return out
}

// Describe implements prometheus.Collector.
func (m *Meters) Describe(to chan<- *prometheus.Desc) {
	for _, g := range m.gauges {
		to <- g.desc
	}
}

// Collect implements prometheus.Collector.
func (m *Meters) Collect(to chan<- prometheus.Metric) {
	for _, id := range m.model.Fleets() {
		m.model.View(id, func(f *readmodel.Fleet) {
			for _, g := range m.gauges {
				g.read(f, func(v float64, labels ...string) {
					to <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, v, append([]string{string(id)}, labels...)...)
				})
			}
		})
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// states are told even where no plan is in them, so that rules have a zero.
var states = []model.PlanState{model.PlanProposed, model.PlanApproved, model.PlanRunning, model.PlanSucceeded, model.PlanRolledBack, model.PlanParked,
	model.PlanSuperseded, model.PlanExpired, model.PlanRejected, model.PlanStopped}

func plansByState(f *readmodel.Fleet, tell func(float64, ...string)) {
	counts := map[model.PlanState]float64{}
	for _, r := range f.Plans {
		counts[r.At(0).State]++
	}
	for _, s := range states {
		tell(counts[s], string(s))
	}
}

func plansEnded(f *readmodel.Fleet, tell func(float64, ...string)) {
	counts := map[model.PlanState]float64{}
	for _, r := range f.Plans {
		if s := r.At(0); s.Ended != 0 && f.Now.Sub(s.Ended) <= recent {
			counts[s.State]++
		}
	}
	for _, s := range states {
		if s.Ended() {
			tell(counts[s], string(s))
		}
	}
}

// idle returns how long the running plan that was heard of least has been silent.
func idle(f *readmodel.Fleet) (longest time.Duration) {
	for _, r := range f.Plans {
		s := r.At(0)
		if s.State != model.PlanRunning || s.Paused || f.Paused || f.Killed {
			continue
		}
		heard := s.Started
		if n := len(r.Steps); n > 0 {
			heard = max(heard, r.Steps[n-1].At)
		}
		longest = max(longest, f.Now.Sub(heard))
	}
	return longest
}

func promises(f *readmodel.Fleet, tell func(float64, ...string)) {
	n := len(f.Evaluations)
	if n == 0 {
		return
	}
	var before, after int
	for _, s := range f.Evaluations[n-1].Scenarios {
		before, after = before+s.ViolationsBefore, after+s.ViolationsAfter
	}
	tell(float64(before), "before")
	tell(float64(after), "after")
}
