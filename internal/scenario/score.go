package scenario

import (
	"cmp"
	"math"

	"drover/internal/model"
)

// score prices a placement over the futures. Promises that must hold come
// first, then by how much they are broken, then money.
type score struct {
	broken int64 // promises broken in required futures, by period
	excess int64 // by how much servers are too full there, ppm summed
	// cost is in micros x ppm of probability: money over the horizon, and promises
	// broken in the other futures at Config.ViolationMicros each.
	cost int64
}

func (a score) plus(b score) score {
	return score{a.broken + b.broken, a.excess + b.excess, a.cost + b.cost}
}

func (a score) minus(b score) score {
	return score{a.broken - b.broken, a.excess - b.excess, a.cost - b.cost}
}

// compare returns a negative number where a is better than b.
func (a score) compare(b score) int {
	return cmp.Or(cmp.Compare(a.broken, b.broken), cmp.Compare(a.excess, b.excess), cmp.Compare(a.cost, b.cost))
}

// micros returns the expected cost in micros.
func (a score) micros() int64 { return a.cost / 1_000_000 }

// breach adds n broken promises in a future, exceeded by some ppm together.
func (a *score) breach(w *world, cfg *Config, n, excess int64) {
	if w.Required {
		a.broken += n
		a.excess += excess
		return
	}
	a.cost += n * cfg.ViolationMicros * w.weightPPM
}

// serverScore prices one server: being empty where it has to be, capacity and
// headroom of what runs there in every future and period, power, money, and
// load above safety.
func (st *state) serverScore(s int) score {
	var out score
	if len(st.on[s]) == 0 {
		return out
	}
	f := st.f
	if f.closed(s) {
		out.broken += int64(len(st.on[s]))
		out.excess += int64(len(st.on[s])) * 1_000_000
	}
	least := st.leastLimitPPM(s, math.MaxInt64)
	for w := range st.worlds {
		world := &st.worlds[w]
		for t := range f.periods() {
			if n, excess := st.breachAbove(least, s, w, t); n > 0 {
				out.breach(world, &f.cfg, n, excess)
			}
			if at := s*f.periods() + t; world.gone == nil || !world.gone[at] {
				out.cost += f.serverCost(s, st.load[w][at]) * world.weightPPM
			}
		}
	}
	return out
}

// serverBreach counts the promises broken on a server in one period of a
// future: its capacity, the utilisation that each replica's application allows,
// and replicas that should have left. excess is by how much, ppm summed.
func (st *state) serverBreach(s, w, t int) (n, excess int64) {
	return st.breachAbove(0, s, w, t)
}

// breachAbove is serverBreach where no replica's application allows less than a
// utilisation, which spares looking at each of them below it; ppm.
func (st *state) breachAbove(least int64, s, w, t int) (n, excess int64) {
	f, world := st.f, &st.worlds[w]
	at := s*f.periods() + t
	if world.gone != nil && world.gone[at] {
		if world.fled[at] {
			return int64(len(st.on[s])), int64(len(st.on[s])) * 1_000_000
		}
		return 0, 0
	}
	if len(st.on[s]) == 0 {
		return 0, 0
	}
	load, capacity := st.load[w][at], f.servers[s].Capacity
	if over := overload(load, capacity); over > 0 {
		n, excess = 1, over
	}
	if u := utilisationPPM(load[model.CPU], capacity[model.CPU]); u > least {
		for _, r := range st.on[s] {
			if limit := f.limitPPM(f.replicas[r].app, s); u > limit {
				n++
				excess += u - limit
			}
		}
	}
	return n, excess
}

// overload returns by how much load exceeds capacity, ppm of the capacity
// summed over the resources; resources of unknown (zero) capacity don't count.
func overload(load, capacity model.Vector) int64 {
	var over int64
	for r := range load {
		if capacity[r] > 0 && load[r] > capacity[r] {
			over += max(1, int64(float64(load[r]-capacity[r])/float64(capacity[r])*1e6))
		}
	}
	return over
}

// utilisationPPM returns load as a share of capacity, 0 where that is unknown.
func utilisationPPM(load, capacity int64) int64 {
	if capacity <= 0 {
		return 0
	}
	return int64(float64(load) / float64(capacity) * 1e6)
}

// serverCost is what a server with replicas costs in one period, in micros.
func (f *fleet) serverCost(s int, load model.Vector) int64 {
	server, hours := &f.servers[s], f.cfg.Period.Hours()
	cost := float64(server.CostMicrosPerHour) * hours
	u := utilisationPPM(load[model.CPU], server.Capacity[model.CPU])
	cost += float64(powerMilliwatts(server.Power, u)) * hours * float64(f.cfg.EnergyMicrosPerKWh) / 1e6
	if safe := safetyCPU(server); load[model.CPU] > safe {
		cost += float64(load[model.CPU]-safe) / 1000 * hours * float64(f.cfg.OverSafetyMicrosPerCoreHour)
	}
	return int64(cost)
}

// safetyCPU returns the CPU above which load is penalised, in millicores.
func safetyCPU(s *model.Server) int64 {
	return int64(float64(s.Capacity[model.CPU]) * float64(safetyPPM(s, model.CPU)) / 1e6)
}

// safetyPPM returns the safety share of a resource, with the default.
func safetyPPM(s *model.Server, r model.Resource) int64 {
	if s.SafetyPPM[r] <= 0 {
		return 800_000
	}
	return s.SafetyPPM[r]
}

// powerMilliwatts reads a power curve, linear between its points and flat
// outside them.
func powerMilliwatts(curve []model.PowerPoint, u int64) int64 {
	if len(curve) == 0 {
		return 0
	}
	for i, p := range curve {
		if u <= p.UtilisationPPM {
			if i == 0 || p.UtilisationPPM == curve[i-1].UtilisationPPM {
				return p.PowerMilliwatts
			}
			a := curve[i-1]
			return a.PowerMilliwatts + (p.PowerMilliwatts-a.PowerMilliwatts)*(u-a.UtilisationPPM)/(p.UtilisationPPM-a.UtilisationPPM)
		}
	}
	return curve[len(curve)-1].PowerMilliwatts
}

// appScore prices what belongs to an application as a whole: spread, anti-
// affinity, allowed servers, being lost altogether, and its outgoing traffic.
func (st *state) appScore(a int) score {
	var out score
	f := st.f
	if len(f.members[a]) == 0 {
		return out
	}
	broken := st.standing(a)
	out.broken += broken
	out.excess += broken * 1_000_000
	for w := range st.worlds {
		if n := st.outages(a, w); n > 0 {
			out.breach(&st.worlds[w], &f.cfg, n, n*1_000_000)
		}
	}
	for _, c := range st.callsOf[a] {
		if f.calls[c].caller == a {
			out.cost += int64(st.trafficCost(c)) * 1_000_000
		}
	}
	return out
}

// standing counts what is wrong with where an application's replicas stand,
// whatever the future.
func (st *state) standing(a int) int64 {
	n := int64(max(0, st.wantZones(a)-st.countZones(a)) + st.clashes(a) + st.strays(a))
	if st.unavailable(a) {
		n++
	}
	return n
}

// outages counts the periods of a future in which no replica is left.
func (st *state) outages(a, w int) int64 {
	var n int64
	if st.worlds[w].gone == nil {
		return 0
	}
	for t := range st.f.periods() {
		if st.survivors[w][a*st.f.periods()+t] == 0 {
			n++
		}
	}
	return n
}

// wantZones is how many zones the application must stand in, at most as many
// as it has replicas.
func (st *state) wantZones(a int) int {
	return min(st.f.applications[a].MinimumZones, len(st.f.members[a]))
}

// countZones counts the zones that an application stands in.
func (st *state) countZones(a int) int {
	seen := make([]bool, len(st.f.zones))
	n := 0
	for _, r := range st.f.members[a] {
		if z := st.f.zone[st.place[r]]; !seen[z] {
			seen[z] = true
			n++
		}
	}
	return n
}

// clashes counts pairs that share a server against anti-affinity; a pair of two
// applications is counted with the lower one.
func (st *state) clashes(a int) int {
	f, n := st.f, 0
	if !f.apart[a] && len(f.rivals[a]) == 0 {
		return 0
	}
	for _, r := range f.members[a] {
		for _, other := range st.on[st.place[r]] {
			b := f.replicas[other].app
			switch {
			case b == a && other > r && f.apart[a]:
				n++
			case b > a && hasSorted(f.rivals[a], b):
				n++
			}
		}
	}
	return n
}

// trafficCost prices the calls of one edge between servers over the horizon.
func (st *state) trafficCost(c int) float64 {
	f, e := st.f, st.f.calls[c]
	pairs := len(f.members[e.caller]) * len(f.members[e.callee])
	if pairs == 0 || e.bytesPerSecond <= 0 {
		return 0
	}
	here := 0
	for _, r := range f.members[e.caller] {
		for _, o := range st.on[st.place[r]] {
			if f.replicas[o].app == e.callee {
				here++
			}
		}
	}
	seconds := f.cfg.Period.Seconds() * float64(f.periods())
	return e.bytesPerSecond * seconds / (1 << 30) * float64(f.cfg.TrafficMicrosPerGiB) * float64(pairs-here) / float64(pairs)
}
