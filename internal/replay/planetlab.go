package replay

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"drover/internal/model"
	"drover/internal/planetlab"
)

// Feed is where events go: ingest, as for any producer.
type Feed interface {
	Publish(ctx context.Context, events []any) error
	Heartbeat(ctx context.Context, at model.Instant, final bool) error
}

// PlanetLab is one day of VM traces as a fleet.
type PlanetLab struct {
	Day  *planetlab.Day
	Last int // the last tick to feed
}

// Names of the fleet and its parts. The digits keep the order of names that of
// numbers. All VMs wait in the pool until the first plan places them.
const (
	PlanetLabFleet    model.FleetID  = "planetlab"
	PlanetLabProducer                = "planetlab-replay"
	pool              model.ServerID = "pool"
)

// CopyBytesPerSecond is how fast the benchmark's live migrations copy memory.
const CopyBytesPerSecond = 62.5e6

// UnservedTarget is the share of a day's demand that consolidation may leave
// unserved: the tenth of a percent that is promised.
const UnservedTarget = 0.001

// start is the event time of sample 0; the traces are of March and April 2011.
var start = model.InstantOf(time.Date(2011, 3, 3, 0, 0, 0, 0, time.UTC))

// TickAt returns the event time of tick k.
func (p *PlanetLab) TickAt(k int) model.Instant {
	return start.Add(time.Duration(k) * planetlab.StepSeconds * time.Second)
}

// TickOf is the inverse of TickAt.
func (p *PlanetLab) TickOf(at model.Instant) int {
	return int(at.Sub(start) / (planetlab.StepSeconds * time.Second))
}

// VM returns the replica of VM v, Host the server of host h; VMOf and HostOf
// are their inverses.
func VM(v int) model.ReplicaID {
	return model.NewReplicaID(model.ApplicationID(fmt.Sprintf("vm%04d", v)), 0)
}

// Host returns the server of host h.
func Host(h int) model.ServerID { return model.ServerID(fmt.Sprintf("h%03d", h)) }

// VMOf returns the number of a VM's replica.
func VMOf(id model.ReplicaID) (v int, err error) {
	_, err = fmt.Sscanf(string(id), "vm%d/0", &v)
	return v, err
}

// HostOf returns the number of a host's server.
func HostOf(id model.ServerID) (h int, err error) {
	_, err = fmt.Sscanf(string(id), "h%d", &h)
	return h, err
}

// Inventory returns the servers and VMs.
func (p *PlanetLab) Inventory() []any {
	out := []any{model.Server{Fleet: PlanetLabFleet, ID: pool, At: start, Unschedulable: true}}
	for h := range planetlab.HostCount {
		t := planetlab.HostTypeOf(h)
		s := model.Server{Fleet: PlanetLabFleet, ID: Host(h), At: start,
			Capacity: model.Vector{model.CPU: int64(t.CapacityMIPS), model.Memory: int64(t.MemoryMB) << 20}}
		for i, w := range t.Watts {
			s.Power = append(s.Power, model.PowerPoint{UtilisationPPM: int64(i) * 1_000_000 / int64(len(t.Watts)-1), PowerMilliwatts: int64(math.Round(w * 1000))})
		}
		out = append(out, s)
	}
	n := len(p.Day.Use)
	for v := range n {
		t := planetlab.VMTypeOf(v, n)
		app, _, _ := VM(v).Split()
		out = append(out, model.Application{Fleet: PlanetLabFleet, ID: app, At: start, Replicas: 1, DataBytes: int64(t.MemoryMB * 1e6),
			Request: model.Vector{model.CPU: int64(t.MIPS)}, Placement: []model.ServerID{pool}})
	}
	return out
}

// Samples returns what the VMs' monitoring reports at tick k. The traces hold
// whole percents, so that MIPS are whole numbers too and nothing is rounded.
func (p *PlanetLab) Samples(k int) []any {
	shares := p.Day.SamplesAt(k)
	out := make([]any, 0, len(shares))
	for v, share := range shares {
		t := planetlab.VMTypeOf(v, len(shares))
		out = append(out, model.Metric{Fleet: PlanetLabFleet, Entity: model.ReplicaEntity(VM(v)), At: p.TickAt(k), Producer: PlanetLabProducer,
			Samples: []model.Sample{{Resource: model.CPU, Kind: model.Gauge, Value: math.Round(share*100) * t.MIPS / 100}}})
	}
	return out
}

// Run feeds the day from behind the last heartbeat on; after is NoInstant where
// there was none. progress is told of every tick.
func (p *PlanetLab) Run(ctx context.Context, feed Feed, after model.Instant, progress func(tick int)) error {
	first := 0
	if after != model.NoInstant {
		first = p.TickOf(after) + 1
	}
	for k := first; k <= p.Last; k++ {
		var events []any
		if k == 0 {
			events = p.Inventory()
		}
		if err := feed.Publish(ctx, append(events, p.Samples(k)...)); err != nil {
			return fmt.Errorf("tick %d: %w", k, err)
		}
		if err := feed.Heartbeat(ctx, p.TickAt(k), k == p.Last); err != nil {
			return fmt.Errorf("tick %d: %w", k, err)
		}
		if progress != nil {
			progress(k)
		}
	}
	return nil
}

// Decisions gathers the moves of plans by tick, in the form of the benchmark.
type Decisions struct {
	lab   *PlanetLab
	plans map[int]model.Plan
}

// NewDecisions returns an empty collection.
func NewDecisions(lab *PlanetLab) *Decisions {
	return &Decisions{lab: lab, plans: map[int]model.Plan{}}
}

// Add takes a plan; one that was seen before changes nothing.
func (d *Decisions) Add(plan model.Plan) {
	if plan.Fleet == PlanetLabFleet {
		d.plans[d.lab.TickOf(plan.Tick)] = plan
	}
}

// Has tells whether a tick's plan has been seen.
func (d *Decisions) Has(tick int) bool {
	_, ok := d.plans[tick]
	return ok
}

// Moves returns the moves of every tick.
func (d *Decisions) Moves() ([][]planetlab.Move, error) {
	out := make([][]planetlab.Move, d.lab.Last+1)
	for k, plan := range d.plans {
		if k < 0 || k > d.lab.Last {
			return nil, fmt.Errorf("plan %s is for %v, outside of the day", plan.ID, plan.Tick)
		}
		for _, m := range plan.Moves {
			vm, err := VMOf(m.Replica)
			if err != nil {
				return nil, fmt.Errorf("plan %s: replica %q: %w", plan.ID, m.Replica, err)
			}
			host, err := HostOf(m.To)
			if err != nil {
				return nil, fmt.Errorf("plan %s: server %q: %w", plan.ID, m.To, err)
			}
			out[k] = append(out[k], planetlab.Move{VM: vm, Host: host})
		}
	}
	return out, nil
}

// recorded plays decisions that were taken before.
type recorded [][]planetlab.Move

// Decide implements planetlab.Decider.
func (r recorded) Decide(tick int, _ []float64) ([]planetlab.Move, error) { return r[tick], nil }

// Score plays the decisions on the day by the benchmark's rules.
func (d *Decisions) Score() ([][]planetlab.Move, planetlab.Score, error) {
	moves, err := d.Moves()
	if err != nil {
		return nil, planetlab.Score{}, err
	}
	until := d.lab.Last
	if until == planetlab.LastTick {
		until = 0
	}
	_, score, err := planetlab.Play(d.lab.Day, recorded(slices.Clone(moves)), until)
	return moves, score, err
}
