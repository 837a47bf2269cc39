package kubernetes

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drover/internal/model"
)

// sent is what was published: the picture that the readers of the topics have.
type sent struct {
	servers      map[model.ServerID]model.Server
	applications map[model.ApplicationID]model.Application
	maintenance  map[string]model.Maintenance
	pods         map[string]model.ReplicaID
	warned       map[string]bool
	stale        bool // everything is to be published again
}

func newSent() sent { return sent{warned: map[string]bool{}} }

func (s *sent) forget() { s.stale = true }

func (s *sent) replicas() map[string]model.ReplicaID { return s.pods }

// news returns the warnings that weren't given at the last look.
func (s *sent) news(warnings []string) []string {
	var fresh []string
	now := map[string]bool{}
	for _, w := range warnings {
		if !s.warned[w] && !now[w] {
			fresh = append(fresh, w)
		}
		now[w] = true
	}
	s.warned = now
	return fresh
}

// difference returns the events that turn what was published into the picture,
// in an order that is always the same. Windows without times of their own keep
// those under which they were published first.
func (s *sent) difference(p *Picture) []any {
	var events []any
	at := instantOf(p)
	for _, id := range slices.Sorted(maps.Keys(p.Servers)) {
		now, before := p.Servers[id], s.servers[id]
		before.At = now.At
		if s.stale || !reflect.DeepEqual(now, before) {
			events = append(events, now)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.servers)) {
		if _, ok := p.Servers[id]; !ok {
			events = append(events, model.Server{Fleet: s.servers[id].Fleet, ID: id, At: at(s.servers[id].At), Removed: true})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Applications)) {
		now, before := p.Applications[id], s.applications[id]
		before.At = now.At
		if s.stale || !reflect.DeepEqual(now, before) {
			events = append(events, now)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.applications)) {
		if _, ok := p.Applications[id]; !ok {
			events = append(events, model.Application{Fleet: s.applications[id].Fleet, ID: id, At: at(s.applications[id].At), ServiceCVMilli: -1, Removed: true})
		}
	}
	return append(events, s.windows(p, at)...)
}

func (s *sent) windows(p *Picture, at func(model.Instant) model.Instant) []any {
	var events []any
	for _, id := range slices.Sorted(maps.Keys(p.Maintenance)) {
		now, before := p.Maintenance[id], s.maintenance[id]
		if now.Start == now.At && before.ID != "" {
			now.Start, now.End = before.Start, before.End
			p.Maintenance[id] = now
		}
		before.At = now.At
		if s.stale || now != before {
			events = append(events, now)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.maintenance)) {
		if _, ok := p.Maintenance[id]; !ok {
			gone := s.maintenance[id]
			gone.At, gone.Cancelled = at(gone.At), true
			events = append(events, gone)
		}
	}
	return events
}

// instantOf returns what turns the time of something that has gone into the
// look's.
func instantOf(p *Picture) func(model.Instant) model.Instant {
	var look model.Instant
	for _, s := range p.Servers {
		look = max(look, s.At)
	}
	for _, a := range p.Applications {
		look = max(look, a.At)
	}
	return func(before model.Instant) model.Instant { return max(look, before+1) }
}

// take remembers that the picture was published.
func (s *sent) take(p *Picture) {
	s.servers, s.applications, s.maintenance, s.pods, s.stale = p.Servers, p.Applications, p.Maintenance, p.Replicas, false
}

// sortState puts what caches return in any order into order of name.
func sortState(s *State) {
	byName(s.Nodes)
	byName(s.Pods)
	byName(s.Deployments)
	byName(s.Sets)
	byName(s.ReplicaSets)
	byName(s.Services)
	byName(s.Slices)
	byName(s.Budgets)
}

func byName[T metav1.Object](list []T) {
	slices.SortFunc(list, func(a, b T) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
}
