package scenario

import (
	"slices"

	"drover/internal/model"
)

// Units of the placement problem: integers small enough for the solver.
var packUnit = [model.ResourceCount]int64{model.CPU: 1, model.Memory: 1 << 20, model.Receive: 1 << 10, model.Transmit: 1 << 10, model.Disk: 1 << 20}

const (
	// costScale is how many units of the problem's cost one micro is.
	costScale = 1000
	// unlimited stands for a capacity that is not known.
	unlimited = int64(1) << 40
	// manyServers is where traffic is priced between racks, no longer servers.
	manyServers = 64
)

// builder makes the placement problem of a fleet. Its columns (the problem's
// periods) are the expected load of every period and, for every period, the
// greatest load of each replica in the futures that must be met.
type builder struct {
	f       *fleet
	columns int
	// demand [replica*columns+c] and background [server*columns+c] of a column.
	demand, background []model.Vector
	// room [server*columns+c] is the capacity left for replicas, in fleet units.
	room []model.Vector
	// spare [server] is the CPU that the most tolerant application leaves free.
	spare []int64
	// steady [server] says that replicas which have themselves just moved stay there,
	// unless it has to be empty: where one has to leave, others go.
	steady []bool
}

func newBuilder(status *state) *builder {
	f, periods := status.f, status.f.periods()
	b := &builder{f: f, columns: 2 * periods}
	b.demand = make([]model.Vector, len(f.replicas)*b.columns)
	b.background = make([]model.Vector, len(f.servers)*b.columns)
	for w := range status.worlds {
		world := &status.worlds[w]
		if !world.Required {
			continue
		}
		demand := status.carried(w)
		for t := range periods {
			fold := func(to, from []model.Vector, i int) {
				if world.Kind == model.ScenarioExpected {
					to[i*b.columns+t] = from[i*periods+t]
				}
				to[i*b.columns+periods+t] = most(to[i*b.columns+periods+t], from[i*periods+t])
			}
			for r := range f.replicas {
				fold(b.demand, demand, r)
			}
			for s := range f.servers {
				fold(b.background, world.background, s)
			}
		}
	}
	b.steady = make([]bool, len(f.servers))
	b.room = make([]model.Vector, len(f.servers)*b.columns)
	for s := range f.servers {
		for c := range b.columns {
			b.room[s*b.columns+c] = room(f.servers[s].Capacity, b.background[s*b.columns+c])
		}
	}
	b.leaveMargin(status)
	return b
}

// leaveMargin lowers the CPU room of every server to what the most tolerant
// application allows, less the margin for arrivals; what is on a server already
// keeps its room up to what is allowed.
func (b *builder) leaveMargin(status *state) {
	f, limit := b.f, int64(0)
	for a := range f.applications {
		if len(f.members[a]) > 0 {
			limit = max(limit, f.capPPM[a])
		}
	}
	limit = min(limit, 1_000_000)
	b.spare = make([]int64, len(f.servers))
	for s := range f.servers {
		cpu := f.servers[s].Capacity[model.CPU]
		if cpu <= 0 {
			continue
		}
		allowed, margin := cpu-share(cpu, limit)+f.copyMilli(limit), share(cpu, f.cfg.PackMarginPPM)
		b.spare[s] = allowed
		for c := range b.columns {
			at := s*b.columns + c
			most := max(0, b.room[at][model.CPU]-allowed)
			var used int64
			for _, r := range status.on[s] {
				used += b.demand[r*b.columns+c][model.CPU]
			}
			b.room[at][model.CPU] = min(most, max(0, most-margin, used))
		}
	}
}

// share returns parts per million of an amount.
func share(amount, ppm int64) int64 { return int64(float64(amount) * float64(ppm) / 1e6) }

// carried is the load of every replica in a future, with what survivors take
// over from lost replicas as they are placed now. Where the answer places them
// otherwise the simulation finds out (see cuts.go).
func (st *state) carried(w int) []model.Vector {
	world, periods := &st.worlds[w], st.f.periods()
	if world.gone == nil {
		return world.demand
	}
	out := slices.Clone(world.demand)
	for _, members := range st.f.members {
		for t := range periods {
			var lost model.Vector
			alive := int64(0)
			for _, r := range members {
				switch at := st.place[r]*periods + t; {
				case !world.gone[at]:
					alive++
				case !world.fled[at]:
					lost = lost.Add(world.demand[r*periods+t])
				}
			}
			if alive == 0 || lost == (model.Vector{}) {
				continue
			}
			for _, r := range members {
				if world.gone[st.place[r]*periods+t] {
					continue
				}
				for _, res := range []model.Resource{model.CPU, model.Receive, model.Transmit} {
					out[r*periods+t][res] += (lost[res] + alive - 1) / alive
				}
			}
		}
	}
	return out
}

// most returns the greater of two vectors, resource by resource.
func most(a, b model.Vector) model.Vector {
	for r := range a {
		a[r] = max(a[r], b[r])
	}
	return a
}

// room is capacity less background, at least 0; unknown capacity has no limit.
func room(capacity, background model.Vector) model.Vector {
	for r := range capacity {
		if capacity[r] <= 0 {
			capacity[r] = unlimited * packUnit[r]
			continue
		}
		capacity[r] = max(0, capacity[r]-background[r])
	}
	return capacity
}

// problem writes the problem down, starting from a placement.
func (b *builder) problem(status *state, moves int, movesByApp []int) *model.Problem {
	f := b.f
	hours := f.cfg.Period.Hours()
	p := &model.Problem{
		Name: string(f.view.Fleet) + "@" + f.view.Tick.String(), Periods: b.columns,
		PowerResource: int(model.CPU), MaxMoves: moves,
		Weights: model.PartWeights{
			Power: int64(float64(f.cfg.EnergyMicrosPerKWh) * hours * costScale / 2e6), Money: 1, Traffic: 1, ItemMove: 1,
		},
	}
	for _, res := range model.Resources() {
		packed := model.PackedResource{Name: res.String(), Transient: res == model.Memory || res == model.Disk}
		if res == model.CPU {
			packed.LoadWeight = int64(float64(f.cfg.OverSafetyMicrosPerCoreHour) / 1000 * hours * costScale / 2)
		}
		p.Resources = append(p.Resources, packed)
	}
	for s := range f.servers {
		p.Bins = append(p.Bins, b.bin(status, s))
	}
	for a := range f.applications {
		p.Groups = append(p.Groups, b.group(a, movesByApp[a]))
	}
	for r := range f.replicas {
		p.Items = append(p.Items, b.item(status, r, movesByApp))
	}
	b.traffic(p)
	return p
}

func (b *builder) bin(status *state, s int) model.Bin {
	f, server := b.f, &b.f.servers[s]
	bin := model.Bin{
		Name: string(server.ID), Location: f.zone[s], Neighbourhood: f.zone[s], Zone: b.trafficZone(s),
		Power:  server.Power,
		Money:  int64(float64(server.CostMicrosPerHour) * f.cfg.Period.Hours() * float64(f.periods()) * costScale),
		Closed: f.closed(s), NoArrivals: server.Unschedulable, Asleep: len(status.on[s]) == 0,
	}
	share := status.leastLimitPPM(s, safetyPPM(server, model.CPU))
	for c := range b.columns {
		at := s*b.columns + c
		capacity := pack(b.room[at], false)
		safety := slices.Clone(capacity)
		if cpu := server.Capacity[model.CPU]; cpu > 0 {
			safe := max(0, int64(float64(cpu)*float64(share)/1e6)-b.background[at][model.CPU])
			safety[model.CPU] = min(safety[model.CPU], safe)
		}
		bin.Capacity = append(bin.Capacity, capacity...)
		bin.Safety = append(bin.Safety, safety...)
	}
	return bin
}

func (b *builder) group(a, moves int) model.Group {
	f, app := b.f, &b.f.applications[a]
	g := model.Group{Name: string(app.ID), MinSpread: min(app.MinimumZones, len(f.members[a])), MaxMoves: max(0, moves)}
	apart, zones := f.availabilityNeeds(a)
	g.MinSpread = max(g.MinSpread, zones)
	if f.apart[a] || apart {
		g.MaxPerBin = 1
	}
	for _, other := range f.rivals[a] {
		if other > a {
			g.AntiAffinity = append(g.AntiAffinity, other)
		}
	}
	for _, friend := range app.Affinity {
		if o, ok := f.appAt[friend]; ok && len(f.members[o]) > 0 {
			g.Affinity = append(g.Affinity, o)
		}
	}
	return g
}

func (b *builder) item(status *state, r int, movesByApp []int) model.Item {
	f, rep := b.f, b.f.replicas[r]
	item := model.Item{
		Name: string(rep.id), Group: rep.app, Start: status.place[r], MoveCost: f.moveMicros(r) * costScale,
		Pinned: f.pinned(status, r) || movesByApp[rep.app] <= 0 || b.still(status, r),
	}
	for c := range b.columns {
		item.Demand = append(item.Demand, pack(b.demand[r*b.columns+c], true)...)
	}
	for _, id := range f.applications[rep.app].AllowedServers {
		if s, ok := f.serverAt[id]; ok {
			item.Allowed = append(item.Allowed, s)
		}
	}
	item.Allowed = sortedUnique(item.Allowed)
	return item
}

// still tells whether a replica has just moved to where it is and is left there.
func (b *builder) still(status *state, r int) bool {
	s := status.place[r]
	return b.steady[s] && b.f.again[r] && !b.f.closed(s)
}

// pinned tells whether a replica may not move: frozen ones, unless their server
// gives them no choice. Replicas without metadata can't be moved at all.
func (f *fleet) pinned(status *state, r int) bool {
	if !f.known[f.replicas[r].app] {
		return true
	}
	return f.frozen[r] != "" && !status.mustLeave(r)
}

// pack converts a vector to the problem's units, up for demand, down for room.
func pack(v model.Vector, up bool) []int64 {
	out := make([]int64, len(v))
	for r := range v {
		out[r] = v[r] / packUnit[r]
		if up && v[r]%packUnit[r] != 0 {
			out[r]++
		}
	}
	return out
}

// trafficZone is what distances are between: servers in a small fleet, racks in
// a large one.
func (b *builder) trafficZone(s int) int {
	if len(b.f.servers) <= manyServers {
		return s
	}
	return b.f.rack[s]
}

// traffic adds the calls between applications, priced per byte per second and
// pair of replicas over the horizon.
func (b *builder) traffic(p *model.Problem) {
	f := b.f
	zones := 0
	for s := range f.servers {
		zones = max(zones, b.trafficZone(s)+1)
	}
	if zones > 1024 || len(f.calls) == 0 {
		return
	}
	// The distance is the price of one unit of rate (1 KiB/s) over the horizon.
	seconds := f.cfg.Period.Seconds() * float64(f.periods())
	price := max(1, int64(seconds*1024/(1<<30)*float64(f.cfg.TrafficMicrosPerGiB)*costScale))
	for a := range zones {
		row := make([]int64, zones)
		for z := range row {
			if z != a {
				row[z] = price
			}
		}
		p.Distance = append(p.Distance, row)
	}
	for _, c := range f.calls {
		pairs := len(f.members[c.caller]) * len(f.members[c.callee])
		if pairs == 0 || c.caller == c.callee {
			continue
		}
		if rate := int64(c.bytesPerSecond / 1024 / float64(pairs)); rate > 0 {
			p.GroupFlows = append(p.GroupFlows, model.Flow{A: c.caller, B: c.callee, Rate: rate})
		}
	}
}
