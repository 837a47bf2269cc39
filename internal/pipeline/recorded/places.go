package recorded

import (
	"drover/internal/model"
	"drover/internal/simfleet"
)

// places puts the replicas where they stood at the beginning, and those of which
// no place is known where most room is.
func (b *builder) places() {
	known := map[model.ServerID]bool{}
	for _, s := range b.spec.Servers {
		known[s.ID] = true
	}
	placed := map[model.ReplicaID]place{}
	for _, a := range b.apps {
		for index, on := range a.Placement {
			placed[model.NewReplicaID(a.ID, index)] = place{on, a.At}
		}
	}
	b.moved(placed)
	missing := 0
	for i := range b.spec.Applications {
		a := &b.spec.Applications[i]
		a.Placement = make([]model.ServerID, a.Replicas)
		for index := range a.Placement {
			if p := placed[model.NewReplicaID(a.ID, index)]; known[p.on] {
				a.Placement[index] = p.on
			} else {
				missing++
			}
		}
	}
	if missing > 0 {
		b.note("Where they stood at the beginning is not recorded for %d replicas: they are spread over zones, the largest "+
			"on the server with most room.", missing)
	}
	simfleet.Spread(b.spec.Servers, b.spec.Applications, func(i int) float64 { return b.peaks[i] })
}

// place is where a replica stood, and since when that is known.
type place struct {
	on model.ServerID
	at model.Instant
}

// moved follows the moves that had ended before the beginning.
func (b *builder) moved(placed map[model.ReplicaID]place) {
	for _, e := range b.record.done {
		o, ok := e.(model.Outcome)
		if !ok || o.Kind != model.OutcomeMove || o.Replica == "" || o.Server == "" {
			continue
		}
		if o.At <= b.span.from && o.At >= placed[o.Replica].at {
			placed[o.Replica] = place{o.Server, o.At}
		}
	}
}
