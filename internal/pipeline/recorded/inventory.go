package recorded

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"drover/internal/model"
	"drover/internal/simfleet"
)

const gibi = 1 << 30

// inventory works out which applications there are at the beginning.
func (b *builder) inventory() error {
	if b.options.Servers != nil {
		if err := b.options.Servers.Validate(); err != nil {
			return err
		}
		b.apps = b.measuredApps()
		return nil
	}
	if len(b.record.servers) == 0 {
		return errNoServers
	}
	var later []string
	for _, id := range b.record.sortedApps() {
		a := latest(b.record.apps[id], b.span.from, func(a model.Application) model.Instant { return a.At })
		switch {
		case a.Removed || a.Replicas < 1:
		case a.At > b.span.from:
			later = append(later, string(id))
		default:
			b.apps = append(b.apps, a)
		}
	}
	if len(later) > 0 {
		b.note("Left out, since they came after the beginning: applications %s.", listed(later))
	}
	if len(b.apps) == 0 {
		return errors.New("the record states no applications at the beginning: give an inventory")
	}
	b.unstated()
	return nil
}

// unstated notes applications that have load and no metadata.
func (b *builder) unstated() {
	var names []string
	for _, a := range b.measuredApps() {
		if len(b.record.apps[a.ID]) == 0 {
			names = append(names, string(a.ID))
		}
	}
	if len(names) > 0 {
		b.note("Left out, since no inventory states them: applications %s.", listed(names))
	}
}

// measuredApps are the applications of which load was recorded, in order.
func (b *builder) measuredApps() []model.Application {
	ids := map[model.ApplicationID]bool{}
	for key := range b.record.loads {
		if app, ok := appOf(key.entity); ok {
			ids[app] = true
		}
	}
	var out []model.Application
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		out = append(out, model.Application{Fleet: b.account.Fleet, ID: id})
	}
	return out
}

// servers states the servers, and scales the load to made-up ones.
func (b *builder) servers() error {
	scaleBy := b.options.Scale
	if s := b.options.Servers; s != nil {
		b.makeServers(s)
		if scaleBy == 0 {
			scaleBy = s.Cores * float64(s.Count) * loadAtPeaks * 1000 / b.busiest()
		}
	} else if err := b.recordedServers(); err != nil {
		return err
	}
	if scaleBy == 0 {
		scaleBy = 1
	}
	if !(scaleBy > 0) || math.IsInf(scaleBy, 0) {
		return fmt.Errorf("scale %v: want a number above zero", scaleBy)
	}
	b.account.Scale = scaleBy
	for _, values := range b.cpu {
		scale(values, scaleBy)
	}
	return nil
}

// busiest sums what every application needs in its own busiest five minutes, in
// millicores.
func (b *builder) busiest() float64 {
	const width = 5
	total := 0.0
	for _, a := range b.apps { // in order: sums of floats depend on it
		best, sum := 0.0, 0.0
		for m, v := range b.cpu[a.ID] {
			if sum += v; m >= width {
				sum -= b.cpu[a.ID][m-width]
			}
			best = max(best, sum/width)
		}
		total += best
	}
	return total
}

func (b *builder) makeServers(s *Servers) {
	for i := range s.Count {
		zone := i % s.Zones
		server := simfleet.ServerSpec{ID: model.ServerID(fmt.Sprintf("s%03d", i+1)), Zone: fmt.Sprintf("zone-%d", zone+1),
			Rack: fmt.Sprintf("rack-%d-%d", zone+1, i/s.Zones/10+1), CostMicrosPerHour: int64(s.Cores * 6_250), SafetyPPM: 880_000,
			Capacity: model.Vector{model.CPU: int64(s.Cores * 1000), model.Memory: int64(s.MemoryGiB * gibi),
				model.Receive: 1_250_000_000, model.Transmit: 1_250_000_000, model.Disk: 2_000 * gibi}}
		server.IdleWatts, server.PeakWatts = wattsOf(s.Cores)
		b.spec.Servers = append(b.spec.Servers, server)
	}
	b.note("Servers are made up: %d of %v cores and %v GiB in %d zones.", s.Count, s.Cores, s.MemoryGiB, s.Zones)
}

// wattsOf is what a machine of so many cores draws, by the generated fleets' two
// sizes: 95 to 265 W at 16 cores, 140 to 430 W at 32.
func wattsOf(cores float64) (idle, peak float64) { return 50 + 45*cores/16, 100 + 165*cores/16 }

// recordedServers takes those that stand at the beginning.
func (b *builder) recordedServers() error {
	var later, powerless []string
	for _, id := range slices.Sorted(maps.Keys(b.record.servers)) {
		s := latest(b.record.servers[id], b.span.from, func(s model.Server) model.Instant { return s.At })
		switch {
		case s.Removed:
			continue
		case s.At > b.span.from:
			later = append(later, string(id))
			continue
		case s.Capacity[model.CPU] < 1:
			return fmt.Errorf("server %s: its capacity of CPU is not stated", id)
		}
		spec := simfleet.ServerSpec{ID: id, Zone: s.Zone, Rack: s.Rack, Capacity: s.Capacity, CostMicrosPerHour: s.CostMicrosPerHour,
			SafetyPPM: s.SafetyPPM[model.CPU], Stated: &s}
		if len(s.Power) == 0 {
			powerless = append(powerless, string(id))
			spec.IdleWatts, spec.PeakWatts = wattsOf(float64(s.Capacity[model.CPU]) / 1000)
		}
		b.spec.Servers = append(b.spec.Servers, spec)
	}
	if len(later) > 0 {
		b.note("Left out, since they came after the beginning: servers %s.", listed(later))
	}
	if len(powerless) > 0 {
		b.note("Power is not stated, and assumed by the number of cores, for servers %s.", listed(powerless))
	}
	if len(b.spec.Servers) == 0 {
		return errNoServers
	}
	return nil
}

// applications makes the spec's applications, without calls and places.
func (b *builder) applications() error {
	if b.options.Servers != nil {
		b.makeApplications(b.options.Servers)
	}
	for i := range b.apps {
		a := &b.apps[i]
		r := &simfleet.Recorded{Start: b.span.begin, Step: minuteStep, CPUMilli: b.cpu[a.ID]}
		if memory := b.memory[a.ID]; memory != nil {
			if b.options.Servers != nil {
				scale(memory, float64(a.Replicas)) // each holds what the recorded one held
			}
			r.MemoryBytes = memory
		}
		spec := simfleet.ApplicationSpec{ID: a.ID, Replicas: a.Replicas, DataBytes: a.DataBytes, Stateful: a.Stateful,
			SLO: a.SLO, MinimumZones: a.MinimumZones, MemoryBytes: float64(a.Request[model.Memory]), Recorded: r}
		if b.options.Servers == nil {
			spec.Stated = a
		}
		_, most := meanAndMost(r.CPUMilli)
		b.peaks = append(b.peaks, most/1000/float64(a.Replicas))
		b.spec.Applications = append(b.spec.Applications, spec)
		b.account.Applications = append(b.account.Applications, ApplicationAccount{ID: a.ID, Replicas: a.Replicas})
	}
	return nil
}

// What made-up applications promise and hold.
const (
	madeHeadroomPPM     = 100_000
	madeAvailabilityPPM = 999_000
	madeDataBytes       = gibi
	madeReplicas        = 2 // at least
)

// makeApplications sizes applications for their recorded peaks.
func (b *builder) makeApplications(s *Servers) {
	for i := range b.apps {
		a := &b.apps[i]
		_, most := meanAndMost(b.cpu[a.ID])
		a.Replicas = max(madeReplicas, int(math.Ceil(most/1000/s.ReplicaCores)))
		a.MinimumZones, a.DataBytes = min(2, s.Zones), madeDataBytes
		a.SLO = model.SLO{HeadroomPPM: madeHeadroomPPM, AvailabilityPPM: madeAvailabilityPPM}
		if memory := b.memory[a.ID]; memory != nil {
			mean, _ := meanAndMost(memory)
			a.Request[model.Memory] = int64(mean)
		}
	}
	b.note("Replicas are made up: at least %d of an application, as many as need at most %v cores each at the recorded "+
		"peak; each holds the memory that was recorded, and 1 GiB is copied when it moves.", madeReplicas, s.ReplicaCores)
	b.note("Promises are made up: a tenth of every server spare, and an availability of 99.9 %%.")
}
