package simfleet

import (
	"slices"
	"time"

	"drover/internal/model"
)

// Producer is the name under which the fleet's measurements travel.
const Producer = "simfleet"

// What a copy in flight costs each of its two servers.
const (
	copyCPUMilli       = 400
	copyBytesPerSecond = 120_000_000
)

// Measure returns what the fleet's monitoring reports for the interval that
// ends at a time: metrics of replicas, applications and servers, and calls.
func (f *Fleet) Measure(at model.Instant, interval time.Duration) []any {
	rates := f.rates(at.Add(-interval/2), interval)
	servers := map[model.ServerID]*model.Vector{}
	for i := range f.spec.Servers {
		// The system's own needs.
		servers[f.spec.Servers[i].ID] = &model.Vector{model.CPU: 120, model.Memory: gibi, model.Receive: 20_000, model.Transmit: 20_000}
	}
	network := f.network(rates)
	var out []any
	for i := range f.spec.Applications {
		app := &f.spec.Applications[i]
		var total model.Vector
		for r := range app.Replicas {
			id := model.NewReplicaID(app.ID, r)
			use := f.replica(app, id, rates[app.ID], network[app.ID], at)
			if memory, ok := app.Recorded.memory(at, interval); ok {
				use[model.Memory] = int64(memory / float64(app.Replicas))
			}
			total = total.Add(use)
			on := servers[f.placement[id]]
			*on = on.Add(use)
			if f.measures(model.KindReplica) {
				out = append(out, f.metric(model.ReplicaEntity(id), at, use))
			}
		}
		if f.measures(model.KindApplication) {
			out = append(out, f.metric(model.ApplicationEntity(app.ID), at, total))
		}
	}
	for _, c := range f.copies {
		for _, id := range []model.ServerID{c.from, c.to} {
			if on := servers[id]; on != nil {
				on[model.CPU] += copyCPUMilli
			}
		}
		if on := servers[c.from]; on != nil {
			on[model.Transmit] += copyBytesPerSecond
		}
		if on := servers[c.to]; on != nil {
			on[model.Receive] += copyBytesPerSecond
		}
	}
	for i := range f.spec.Servers {
		if !f.measures(model.KindServer) {
			break
		}
		s := &f.spec.Servers[i]
		use := *servers[s.ID]
		use[model.CPU] = min(use[model.CPU], s.Capacity[model.CPU])
		out = append(out, f.metric(model.ServerEntity(s.ID), at, use))
	}
	return append(out, f.calls(rates, at, interval)...)
}

// measures tells whether monitoring knows a kind of entity.
func (f *Fleet) measures(kind model.EntityKind) bool {
	return len(f.spec.Measured) == 0 || slices.Contains(f.spec.Measured, kind)
}

// network returns each application's received and sent bytes per second.
func (f *Fleet) network(rates map[model.ApplicationID]float64) map[model.ApplicationID][2]float64 {
	out := map[model.ApplicationID][2]float64{}
	add := func(id model.ApplicationID, in, sent float64) {
		v := out[id]
		v[0], v[1] = v[0]+in, v[1]+sent
		out[id] = v
	}
	for _, id := range f.order {
		app := f.apps[id]
		if app.Entry > 0 {
			add(id, rates[id]*800, rates[id]*24_000)
		}
		for _, c := range app.Calls {
			calls := rates[id] * c.Rate
			add(id, calls*c.ResponseBytes, calls*c.RequestBytes)
			add(c.Callee, calls*c.RequestBytes, calls*c.ResponseBytes)
		}
	}
	return out
}

// replica returns what one replica uses. Replicas of an application share its
// load evenly, but for a little noise of their own where the load isn't recorded.
func (f *Fleet) replica(app *ApplicationSpec, id model.ReplicaID, rate float64, network [2]float64, at model.Instant) model.Vector {
	share := 1 / float64(app.Replicas)
	if app.Recorded == nil {
		share *= 1 + 0.02*f.draw(string(id), at).NormFloat64()
	}
	own := rate * share
	return model.Vector{
		model.CPU:      int64(own * app.Demand.Seconds() * 1000),
		model.Memory:   int64(app.MemoryBytes + own*app.MemoryPerRequest),
		model.Receive:  int64(network[0] * share),
		model.Transmit: int64(network[1] * share),
	}
}

func (f *Fleet) metric(entity model.EntityID, at model.Instant, use model.Vector) model.Metric {
	m := model.Metric{Fleet: f.spec.Fleet, Entity: entity, At: at, Producer: Producer}
	reported := f.spec.Reported
	if len(reported) == 0 {
		reported = []model.Resource{model.CPU, model.Memory, model.Receive, model.Transmit}
	}
	for _, r := range reported {
		m.Samples = append(m.Samples, model.Sample{Resource: r, Kind: model.Gauge, Value: float64(use[r])})
	}
	return m
}

// calls returns one aggregate record per dependency for the interval.
func (f *Fleet) calls(rates map[model.ApplicationID]float64, at model.Instant, interval time.Duration) []any {
	var out []any
	for _, id := range f.order {
		for _, c := range f.apps[id].Calls {
			n := rates[id] * c.Rate * interval.Seconds()
			rng := f.draw(string(id)+">"+string(c.Callee), at)
			call := model.Call{Fleet: f.spec.Fleet, Caller: id, Callee: c.Callee, At: at, Producer: Producer, Origin: model.Observed,
				Calls: uint64(n), Errors: uint64(n * 0.0004 * rng.Float64()),
				RequestBytes: uint64(n * c.RequestBytes), ResponseBytes: uint64(n * c.ResponseBytes)}
			for range 8 { // a sample of the response times
				d := f.apps[c.Callee].Demand.Seconds()*1e6*(1+rng.ExpFloat64()) + 300
				call.DurationMicros = append(call.DurationMicros, uint64(d))
			}
			out = append(out, call)
		}
	}
	return out
}

// Traceroutes returns one path from every server to every third other one, or
// to as many as the spec says: the rest is for the network map to estimate.
func (f *Fleet) Traceroutes(at model.Instant) []any {
	var out []any
	if n := len(f.spec.Servers); f.spec.RoutePeers > 0 {
		for i := range n {
			for k := range min(f.spec.RoutePeers, n-1) {
				// Distances 1, 2, 4, 8, ... reach the own rack and every zone.
				if j := (i + 1<<k) % n; j != i {
					out = append(out, f.path(&f.spec.Servers[i], &f.spec.Servers[j], at))
				}
			}
		}
		return out
	}
	for i := range f.spec.Servers {
		for j := range f.spec.Servers {
			if i != j && (i+j)%3 == 0 {
				out = append(out, f.path(&f.spec.Servers[i], &f.spec.Servers[j], at))
			}
		}
	}
	return out
}

func (f *Fleet) path(from, to *ServerSpec, at model.Instant) model.Path {
	rng := f.draw(string(from.ID)+"~"+string(to.ID), at)
	p := model.Path{Fleet: f.spec.Fleet, From: from.ID, To: string(to.ID), At: at, Producer: Producer, Reached: true}
	rtt := int64(60)
	hop := func(address string, more int64) {
		rtt += more
		h := model.Hop{TTL: len(p.Hops) + 1, Address: address}
		for range 3 {
			h.RTTMicros = append(h.RTTMicros, rtt+int64(rng.ExpFloat64()*float64(rtt)/10))
		}
		p.Hops = append(p.Hops, h)
	}
	hop("rack-"+from.Rack, 20)
	if from.Rack != to.Rack {
		hop("zone-"+from.Zone, 40)
	}
	if from.Zone != to.Zone {
		hop("zone-"+to.Zone, 700)
	}
	if from.Rack != to.Rack {
		hop("rack-"+to.Rack, 40)
	}
	hop(string(to.ID), 30)
	return p
}
