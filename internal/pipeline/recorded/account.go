package recorded

import (
	"cmp"
	"math"
	"slices"
	"time"

	"drover/internal/model"
)

// Account says what was taken from the record and what was made up.
type Account struct {
	Fleet model.FleetID `json:"fleet"`
	// Begin to From is history, From to To is judged.
	Begin        model.Instant        `json:"history_from"`
	From         model.Instant        `json:"from"`
	To           model.Instant        `json:"to"`
	Interval     string               `json:"interval"`
	Scale        float64              `json:"scale"`
	Servers      int                  `json:"servers"`
	Cores        float64              `json:"cores"`
	Applications []ApplicationAccount `json:"applications"`
	// Notes name what was left out or filled in.
	Notes []string `json:"notes"`
	// CoresByHour are the cores in use by all applications, hour by hour of what is judged.
	CoresByHour []float64 `json:"cores_by_hour"`
}

// ApplicationAccount is one application.
type ApplicationAccount struct {
	ID           model.ApplicationID `json:"application"`
	Replicas     int                 `json:"replicas"`
	MeanCores    float64             `json:"mean_cores"`
	PeakCores    float64             `json:"peak_cores"` // of a minute
	PerSecond    float64             `json:"requests_per_second"`
	DemandMillis float64             `json:"demand_ms"`
	DemandFrom   string              `json:"demand_from"` // stated, calls, outgoing calls, assumed
	Calls        int                 `json:"calls"`       // applications it calls
	ResponseMs   float64             `json:"promised_ms,omitempty"`
}

// judged returns the minutes of a series that are judged.
func (b *builder) judged(values []float64) []float64 {
	return values[int(b.span.from.Sub(b.span.begin)/time.Minute):]
}

// accounts tells what is played.
func (b *builder) accounts() {
	hours := make([]float64, int(math.Ceil(b.span.to.Sub(b.span.from).Hours())))
	counted := make([]float64, len(hours))
	for i := range b.spec.Applications {
		a := &b.spec.Applications[i]
		values := b.judged(a.Recorded.CPUMilli)
		mean, most := meanAndMost(values)
		row := &b.account.Applications[i]
		row.MeanCores, row.PeakCores, row.Calls = mean/1000, most/1000, len(a.Calls)
		row.DemandMillis, row.PerSecond = a.Demand.Seconds()*1000, mean/1000/a.Demand.Seconds()
		row.ResponseMs = float64(a.SLO.ResponseMicros) / 1000
		for m, v := range values {
			hours[m/60] += v / 1000
			if i == 0 {
				counted[m/60]++
			}
		}
	}
	for h := range hours {
		hours[h] /= counted[h]
	}
	b.account.CoresByHour, b.account.Servers = hours, len(b.spec.Servers)
	for _, s := range b.spec.Servers {
		b.account.Cores += float64(s.Capacity[model.CPU]) / 1000
	}
}

// done returns what was decided and done in the time that is judged, in order of
// time.
func (b *builder) done() []any {
	if last := b.record.decided; last > 0 && last.Add(2*b.options.Interval) < b.span.to {
		b.note("The deployment decided nothing after %v: the policy recorded stands still from then on.", last)
	}
	var out []any
	for _, e := range b.record.done {
		at := doneAt(e)
		if _, plan := e.(model.Plan); plan {
			at++ // decided at the beginning, done after it
		}
		if at > b.span.from && at <= b.span.to {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(x, y any) int { return cmp.Compare(doneAt(x), doneAt(y)) })
	return out
}

func doneAt(event any) model.Instant {
	switch e := event.(type) {
	case model.Plan:
		return e.Tick
	case model.Step:
		return e.At
	case model.Outcome:
		return e.At
	}
	return 0
}
