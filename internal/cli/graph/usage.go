package graph

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"drover/internal/model"
)

// usage gathers the CPU of applications from metrics: gauges are averaged over a
// bin, counters become the rate between two readings, and the replicas and
// producers of an application are added up.
type usage struct {
	bin  time.Duration
	last map[series]reading
	// sums and counts of millicores by series and bin.
	sums, counts map[series]map[model.Instant]float64
}

// series is what one producer measures of one entity.
type series struct {
	app      model.ApplicationID
	entity   model.EntityID
	producer string
}

type reading struct {
	at    model.Instant
	total float64
}

func newUsage(bin time.Duration) *usage {
	return &usage{bin: bin, last: map[series]reading{}, sums: map[series]map[model.Instant]float64{}, counts: map[series]map[model.Instant]float64{}}
}

// add takes one metric; those of servers say nothing of applications.
func (u *usage) add(m model.Metric) {
	kind, name, ok := m.Entity.Split()
	if !ok || kind == model.KindServer {
		return
	}
	if kind == model.KindReplica {
		if i := strings.LastIndexByte(name, '/'); i > 0 {
			name = name[:i]
		}
	}
	s := series{model.ApplicationID(name), m.Entity, m.Producer}
	for _, sample := range m.Samples {
		if sample.Resource != model.CPU {
			continue
		}
		if sample.Kind == model.Gauge {
			u.note(s, m.At, sample.Value)
			continue
		}
		before, seen := u.last[s]
		u.last[s] = reading{m.At, sample.Value}
		// A total that fell has begun anew: the time between is unknown.
		if seen && m.At > before.at && sample.Value >= before.total {
			u.note(s, m.At-1, (sample.Value-before.total)/m.At.Sub(before.at).Seconds())
		}
	}
}

func (u *usage) note(s series, at model.Instant, millicores float64) {
	if u.sums[s] == nil {
		u.sums[s], u.counts[s] = map[model.Instant]float64{}, map[model.Instant]float64{}
	}
	b := at.Floor(u.bin)
	u.sums[s][b] += millicores
	u.counts[s][b]++
}

// millicores returns the sum over the series of each application, by bin.
func (u *usage) millicores() map[cell]float64 {
	used := map[cell]float64{}
	ordered := slices.SortedFunc(maps.Keys(u.sums), func(a, b series) int {
		return cmp.Or(cmp.Compare(a.entity, b.entity), cmp.Compare(a.producer, b.producer))
	})
	for _, s := range ordered { // in order: sums of floats depend on it
		for b, sum := range u.sums[s] {
			used[cell{s.app, b}] += sum / u.counts[s][b]
		}
	}
	return used
}
