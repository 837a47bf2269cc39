package recorded

import (
	"fmt"
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
	b := &builder{options: o, record: f, cpu: map[model.ApplicationID][]float64{},
		memory: map[model.ApplicationID][]float64{}}
	if b.span, err = o.span(r, f); err != nil {
		return nil, err
	}
	b.minutes = int(b.span.to.Sub(b.span.begin) / time.Minute)
	b.account = Account{Fleet: id, Begin: b.span.begin, From: b.span.from, To: b.span.to,
		Interval: strings.TrimSuffix(o.Interval.String(), "0s"), Scale: 1}
	b.spec = &simfleet.Spec{Fleet: id, Seed: o.Seed, Start: b.span.from, History: b.span.from.Sub(b.span.begin),
		Interval: o.Interval, HistoryInterval: o.Interval, Reported: []model.Resource{model.CPU, model.Memory},
		Measured: []model.EntityKind{model.KindApplication}, RoutesEvery: 24 * time.Hour, RoutePeers: 7}
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
	done := b.done()
	return &Fleet{Spec: b.spec, Length: b.span.to.Sub(b.span.from), Done: done, Account: b.account}, nil
}

func (b *builder) note(format string, args ...any) {
	b.account.Notes = append(b.account.Notes, fmt.Sprintf(format, args...))
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
