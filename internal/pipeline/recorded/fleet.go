package recorded

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"drover/internal/model"
	"drover/internal/simfleet"
)

// Fleet is a recorded fleet that can be played.
type Fleet struct {
	Spec   *simfleet.Spec
	Length time.Duration // that is judged, from Spec.Start
	// Done is what the deployment decided and did in that time.
	Done    []any
	Account Account
}

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

// builder makes a fleet of a record.
type builder struct {
	options Options
	record  *fleet
	span    span
	minutes int
	apps    []model.Application // as of the beginning
	cpu     map[model.ApplicationID][]float64
	memory  map[model.ApplicationID][]float64
	peaks   []float64                         // cores of a replica, by application
	keys    map[model.ApplicationID][]loadKey // nil: not sorted yet
	spec    *simfleet.Spec
	account Account
}

// Build returns a fleet that lives by the record.
func (r *Record) Build(o Options) (*Fleet, error) {
	id, f, err := r.choose(o.Fleet)
	if err != nil {
		return nil, err
	}
	f = f.with(o.Inventory)
	b := &builder{options: o, record: f, cpu: map[model.ApplicationID][]float64{}, memory: map[model.ApplicationID][]float64{}}
	if b.span, err = o.span(r, f); err != nil {
		return nil, err
	}
	b.minutes = int(b.span.to.Sub(b.span.begin) / time.Minute)
	b.account = Account{Fleet: id, Begin: b.span.begin, From: b.span.from, To: b.span.to, Interval: o.Interval.String(), Scale: 1}
	b.spec = &simfleet.Spec{Fleet: id, Seed: o.Seed, Start: b.span.from, History: b.span.from.Sub(b.span.begin), Interval: o.Interval,
		HistoryInterval: o.Interval, Reported: []model.Resource{model.CPU, model.Memory}, Measured: []model.EntityKind{model.KindApplication},
		RoutesEvery: 24 * time.Hour, RoutePeers: 7}
	for _, step := range []func() error{b.inventory, b.loads, b.servers, b.applications} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("fleet %s: %w", id, err)
		}
	}
	b.requests()
	b.promises()
	b.places()
	b.calendar()
	b.accounts()
	if err := b.spec.Validate(); err != nil {
		return nil, err
	}
	return &Fleet{Spec: b.spec, Length: b.span.to.Sub(b.span.from), Done: b.done(), Account: b.account}, nil
}

func (b *builder) note(format string, args ...any) {
	b.account.Notes = append(b.account.Notes, fmt.Sprintf(format, args...))
}

// loads works out what every application used, minute by minute.
func (b *builder) loads() error {
	var kept []model.Application
	var unknown []string
	filled := 0
	for _, a := range b.apps {
		cpu, gaps := b.load(a.ID, model.CPU)
		if gaps < 0 {
			unknown = append(unknown, string(a.ID))
			continue
		}
		filled += gaps
		b.cpu[a.ID] = cpu
		if memory, gaps := b.load(a.ID, model.Memory); gaps >= 0 {
			b.memory[a.ID] = memory
		}
		kept = append(kept, a)
	}
	if len(kept) == 0 {
		return fmt.Errorf("no CPU was recorded of any of its %d applications, nor of their replicas", len(b.apps))
	}
	if len(unknown) > 0 {
		b.note("Left out, since their CPU was not recorded: %s.", listed(unknown))
	}
	if filled > 0 {
		b.note("%d of %d application minutes were not recorded and have the value before (at the beginning, the first).", filled, len(kept)*b.minutes)
	}
	b.apps = kept
	return nil
}

// load returns an application's series, that of itself or, where those of its
// replicas know more minutes, their sum; and how many minutes were filled, -1
// where nothing is known.
func (b *builder) load(app model.ApplicationID, resource model.Resource) ([]float64, int) {
	var own, replicas [][]float64
	for _, key := range b.keysOf(app, resource) {
		values := b.record.loads[key].perMinute(b.span.begin, b.minutes)
		if kind, _, _ := key.entity.Split(); kind == model.KindApplication {
			own = append(own, values)
		} else {
			replicas = append(replicas, values)
		}
	}
	values, sum := addUp(own, b.minutes), addUp(replicas, b.minutes)
	if known(sum) > known(values) {
		values = sum
	}
	return values, closeGaps(values)
}

// keysOf returns the series of an application and its replicas, in order.
func (b *builder) keysOf(app model.ApplicationID, resource model.Resource) []loadKey {
	if b.keys == nil {
		b.keys = map[model.ApplicationID][]loadKey{}
		for key := range b.record.loads {
			if of, ok := appOf(key.entity); ok {
				b.keys[of] = append(b.keys[of], key)
			}
		}
		for _, keys := range b.keys {
			slices.SortFunc(keys, func(x, y loadKey) int {
				return strings.Compare(string(x.entity)+"\x00"+x.producer, string(y.entity)+"\x00"+y.producer)
			})
		}
	}
	return slices.DeleteFunc(slices.Clone(b.keys[app]), func(k loadKey) bool { return k.resource != resource })
}

// appOf returns the application that an entity is, or is a replica of.
func appOf(entity model.EntityID) (model.ApplicationID, bool) {
	kind, name, ok := entity.Split()
	if !ok || kind == model.KindServer {
		return "", false
	}
	if kind == model.KindApplication {
		return model.ApplicationID(name), true
	}
	app, _, err := model.ReplicaID(name).Split()
	return app, err == nil
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
	slices.SortStableFunc(out, func(x, y any) int { return int(min(max(doneAt(x)-doneAt(y), -1), 1)) })
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

// listed writes at most six names.
func listed(names []string) string {
	const most = 6
	slices.Sort(names)
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// callers returns the recorded dependencies, those with most calls first.
func (b *builder) callers() []edge {
	edges := slices.Collect(maps.Keys(b.record.edges))
	slices.SortFunc(edges, func(x, y edge) int {
		if n := b.record.edges[y].total - b.record.edges[x].total; n != 0 {
			return int(math.Copysign(1, n))
		}
		return strings.Compare(string(x.caller)+"\x00"+string(x.callee), string(y.caller)+"\x00"+string(y.callee))
	})
	return edges
}
