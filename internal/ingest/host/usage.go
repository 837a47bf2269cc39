package host

import (
	"maps"
	"slices"

	"drover/internal/model"
)

// Usage folds looks at a machine's processes into what each application has
// used. Processes come and go; the counters of an application never fall, since
// a process adds what it has used since the last look, and one that wasn't there
// then all that it has used. What a process uses between the last look and its
// end is not seen.
type Usage struct {
	server model.ServerID
	rules  *ProcessRules
	apps   map[model.ApplicationID]*used
	seen   map[processKey]float64 // CPU seconds at the last look
	wires  map[string]wire        // networks at the last look
}

type processKey struct {
	id      int32
	started int64
}

// used is what an application has used since the first look.
type used struct{ cpuSeconds, memory, receive, transmit float64 }

// wire is a network's counters.
type wire struct{ receive, transmit float64 }

// NewUsage returns the fold for a machine.
func NewUsage(server model.ServerID, rules *ProcessRules) *Usage {
	return &Usage{server: server, rules: rules, apps: map[model.ApplicationID]*used{}}
}

// Look takes all processes at one time and returns a metric for each application
// that was ever seen, by name: CPU as a counter of millicore-seconds, memory in
// bytes, and counters of bytes where networks of its own carry its traffic.
func (u *Usage) Look(processes []Process, at model.Instant) []model.Metric {
	seen := make(map[processKey]float64, len(processes))
	owners := map[string]model.ApplicationID{}
	wires := map[string]wire{}
	for _, a := range u.apps {
		a.memory = 0
	}
	for i := range processes {
		p := &processes[i]
		app, ok := u.rules.Application(p)
		if !ok {
			continue
		}
		a := u.apps[app]
		if a == nil {
			a = &used{}
			u.apps[app] = a
		}
		key := processKey{p.ID, p.Started}
		seen[key] = p.CPUSeconds
		a.cpuSeconds += max(0, p.CPUSeconds-u.seen[key])
		a.memory += p.MemoryBytes
		if p.Network == "" {
			continue
		}
		if owner, shared := owners[p.Network]; shared && owner != app {
			app = "" // two applications in one network: nobody's
		}
		owners[p.Network], wires[p.Network] = app, wire{p.Receive, p.Transmit}
	}
	for network, app := range owners {
		if a := u.apps[app]; a != nil {
			now, before := wires[network], u.wires[network]
			a.receive += max(0, now.receive-before.receive)
			a.transmit += max(0, now.transmit-before.transmit)
		}
	}
	u.seen, u.wires = seen, wires
	return u.metrics(at)
}

func (u *Usage) metrics(at model.Instant) []model.Metric {
	var list []model.Metric
	for _, app := range slices.Sorted(maps.Keys(u.apps)) {
		a := u.apps[app]
		m := model.Metric{Entity: model.ApplicationEntity(app), At: at, Producer: "host/" + string(u.server), Samples: []model.Sample{
			{Resource: model.CPU, Kind: model.Counter, Value: a.cpuSeconds * 1000},
			{Resource: model.Memory, Value: a.memory},
		}}
		if a.receive > 0 || a.transmit > 0 {
			m.Samples = append(m.Samples, model.Sample{Resource: model.Receive, Kind: model.Counter, Value: a.receive},
				model.Sample{Resource: model.Transmit, Kind: model.Counter, Value: a.transmit})
		}
		list = append(list, m)
	}
	return list
}
