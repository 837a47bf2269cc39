package planner

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
)

// ReactivePolicy answers to what it sees, as consolidation did before it looked
// ahead: servers above a share of their CPU shed the replicas that are copied
// fastest, each to the server whose power rises least, and the least used
// servers are emptied where all of their replicas find a place (Beloglazov and
// Buyya 2012: THR with minimum migration time). It goes by the load of the last
// interval and knows no forecast; a server is emptied MaintenanceLead before an
// announced window. It is the yardstick of backtests and remembers nothing.
type ReactivePolicy struct {
	Threshold       float64 // share of a server's CPU; 0.8 is usual
	MaintenanceLead time.Duration
}

// Decide implements Policy.
func (p ReactivePolicy) Decide(v scenario.View) (model.Evaluation, *model.Plan, error) {
	evaluation := model.Evaluation{Fleet: v.Fleet, Tick: v.Tick, Decision: "none", Inputs: v.Inputs, Reason: "no server is too busy and none can be emptied"}
	f := newReactiveFleet(p, v)
	f.relieve()
	f.evacuate()
	if len(f.moves) == 0 {
		return evaluation, nil, nil
	}
	plan := f.plan()
	evaluation.Decision, evaluation.PlanID, evaluation.Reason = "plan", plan.ID, plan.Reason
	return evaluation, plan, nil
}

// AppendSnapshot implements Policy.
func (ReactivePolicy) AppendSnapshot(b []byte) ([]byte, error) { return b, nil }

// Restore implements Policy.
func (ReactivePolicy) Restore([]byte) error { return nil }

// reactiveFleet is one round of the policy.
type reactiveFleet struct {
	policy   ReactivePolicy
	view     scenario.View
	servers  []reactiveServer
	replicas []reactiveReplica
	moves    []reactiveMove
}

type reactiveServer struct {
	model.Server
	on       []int   // replicas, with tentative moves
	cpu      float64 // millicores, with tentative moves
	memory   int64
	used     float64 // millicores at the tick
	leaving  bool    // has to be emptied
	excluded bool    // takes nothing in this round
}

type reactiveReplica struct {
	id     model.ReplicaID
	app    *model.Application
	server int
	cpu    float64
	busy   bool // moving already
}

type reactiveMove struct {
	replica, to int
	reason      string
}

func newReactiveFleet(p ReactivePolicy, v scenario.View) *reactiveFleet {
	f := &reactiveFleet{policy: p, view: v}
	at := map[model.ServerID]int{}
	for _, id := range slices.Sorted(maps.Keys(v.Servers)) {
		at[id] = len(f.servers)
		_, drained := v.Drained[id]
		f.servers = append(f.servers, reactiveServer{Server: v.Servers[id], leaving: drained, excluded: drained || v.Servers[id].Unschedulable})
	}
	for _, m := range v.Maintenance {
		if s, ok := at[m.Server]; ok && !m.Cancelled && m.Start.Add(-p.MaintenanceLead) <= v.Tick && m.End > v.Tick {
			f.servers[s].leaving, f.servers[s].excluded = true, true
		}
	}
	moving := map[model.ReplicaID]bool{}
	for _, plan := range v.InFlight {
		for _, m := range plan.Moves {
			moving[m.Replica] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(v.Placement)) {
		app, _, err := id.Split()
		s, ok := at[v.Placement[id]]
		if err != nil || !ok {
			continue
		}
		a := v.Applications[app]
		r := reactiveReplica{id: id, app: &a, server: s, cpu: observedCPU(v, id, &a), busy: moving[id]}
		f.replicas = append(f.replicas, r)
		f.put(len(f.replicas)-1, s, +1)
	}
	for s := range f.servers {
		f.servers[s].used = f.servers[s].cpu
	}
	return f
}

// observedCPU is what a replica used last: measured, or its share of what its
// application did, or what it asked for.
func observedCPU(v scenario.View, id model.ReplicaID, a *model.Application) float64 {
	if fc, ok := v.Forecasts[scenario.ForecastKey{Entity: model.ReplicaEntity(id), Resource: model.CPU}]; ok {
		return fc.Observed
	}
	if fc, ok := v.Forecasts[scenario.ForecastKey{Entity: model.ApplicationEntity(a.ID), Resource: model.CPU}]; ok {
		return fc.Observed / float64(max(1, a.Replicas))
	}
	return float64(a.Request[model.CPU])
}

// put adds a replica to a server (sign +1) or takes it away.
func (f *reactiveFleet) put(r, s, sign int) {
	on := &f.servers[s]
	on.cpu += float64(sign) * f.replicas[r].cpu
	on.memory += int64(sign) * f.replicas[r].app.Request[model.Memory]
	if sign > 0 {
		on.on = append(on.on, r)
		return
	}
	on.on = slices.DeleteFunc(on.on, func(x int) bool { return x == r })
}

func (f *reactiveFleet) over(s int) bool {
	return f.servers[s].cpu > f.policy.Threshold*float64(f.servers[s].Capacity[model.CPU])
}

// relieve takes replicas from servers that are too busy or have to be emptied
// and finds them places.
func (f *reactiveFleet) relieve() {
	var shed []int
	reason := map[int]string{}
	for s := range f.servers {
		server := &f.servers[s]
		share := 100 * server.used / float64(max(1, server.Capacity[model.CPU]))
		for server.leaving || f.over(s) {
			r, ok := f.fastest(s)
			if !ok {
				break
			}
			f.put(r, s, -1)
			server.excluded = true
			shed = append(shed, r)
			reason[r] = fmt.Sprintf("%s is at %.0f %% of its cpu", server.ID, share)
			if server.leaving {
				reason[r] = fmt.Sprintf("%s has to be emptied", server.ID)
			}
		}
	}
	for _, r := range f.place(shed) {
		f.put(r, f.replicas[r].server, +1) // it finds no place and stays
	}
	for _, r := range shed {
		for i := range f.moves {
			if f.moves[i].replica == r {
				f.moves[i].reason = reason[r]
			}
		}
	}
}

// fastest is the replica of a server with least to copy that can move.
func (f *reactiveFleet) fastest(s int) (int, bool) {
	best := -1
	for _, r := range f.servers[s].on {
		if !f.replicas[r].busy && (best < 0 || f.replicas[r].app.DataBytes < f.replicas[best].app.DataBytes) {
			best = r
		}
	}
	return best, best >= 0
}

// place gives each replica, largest first, the server whose power rises least,
// and returns those without a place.
func (f *reactiveFleet) place(list []int) (without []int) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(f.replicas[b].cpu, f.replicas[a].cpu) })
	for _, r := range list {
		best, least := -1, math.Inf(1)
		for s := range f.servers {
			if !f.takes(s, r) {
				continue
			}
			server := &f.servers[s]
			if added := watts(server, server.cpu+f.replicas[r].cpu) - watts(server, server.used); added < least {
				best, least = s, added
			}
		}
		if best < 0 {
			without = append(without, r)
			continue
		}
		f.put(r, best, +1)
		f.moves = slices.DeleteFunc(f.moves, func(m reactiveMove) bool { return m.replica == r })
		f.moves = append(f.moves, reactiveMove{replica: r, to: best})
	}
	return without
}

// takes tells whether a server may and can take a replica.
func (f *reactiveFleet) takes(s, r int) bool {
	server, rep := &f.servers[s], &f.replicas[r]
	if server.excluded || s == rep.server || server.memory+rep.app.Request[model.Memory] > server.Capacity[model.Memory] ||
		server.cpu+rep.cpu > f.policy.Threshold*float64(server.Capacity[model.CPU]) {
		return false
	}
	if len(rep.app.AllowedServers) > 0 && !slices.Contains(rep.app.AllowedServers, server.ID) {
		return false
	}
	return !slices.ContainsFunc(server.on, func(o int) bool { return slices.Contains(rep.app.AntiAffinity, f.replicas[o].app.ID) })
}

// watts reads a server's power curve at a load.
func watts(s *reactiveServer, cpu float64) float64 {
	u := int64(1e6 * cpu / float64(max(1, s.Capacity[model.CPU])))
	for i := 1; i < len(s.Power); i++ {
		if a, b := s.Power[i-1], s.Power[i]; u <= b.UtilisationPPM || i == len(s.Power)-1 {
			share := float64(min(u, b.UtilisationPPM)-a.UtilisationPPM) / float64(max(1, b.UtilisationPPM-a.UtilisationPPM))
			return (float64(a.PowerMilliwatts) + share*float64(b.PowerMilliwatts-a.PowerMilliwatts)) / 1000
		}
	}
	return 0
}

// evacuate empties the least used servers one after another, each wholly or
// not at all; one that has received replicas is no longer a candidate.
func (f *reactiveFleet) evacuate() {
	closed := make([]bool, len(f.servers))
	for s := range f.servers {
		server := &f.servers[s]
		closed[s] = server.excluded || server.used == 0
		server.excluded = server.excluded || server.used == 0
	}
	for {
		source, least := -1, 1.0
		for s := range f.servers {
			if u := f.servers[s].used / float64(max(1, f.servers[s].Capacity[model.CPU])); !closed[s] && u < least {
				source, least = s, u
			}
		}
		if source < 0 {
			return
		}
		closed[source], f.servers[source].excluded = true, true
		if !slices.ContainsFunc(f.servers[source].on, func(r int) bool { return f.replicas[r].busy }) {
			f.empty(source, closed)
		}
	}
}

// empty moves everything off a server, or nothing.
func (f *reactiveFleet) empty(source int, closed []bool) {
	list, before := slices.Clone(f.servers[source].on), slices.Clone(f.moves)
	for _, r := range list {
		f.put(r, source, -1)
	}
	if without := f.place(list); len(without) > 0 {
		for _, r := range list {
			for s := range f.servers {
				if slices.Contains(f.servers[s].on, r) {
					f.put(r, s, -1)
				}
			}
			f.put(r, source, +1)
		}
		f.moves = before
		return
	}
	for i := range f.moves {
		if m := &f.moves[i]; slices.Contains(list, m.replica) {
			closed[m.to] = true
			m.reason = fmt.Sprintf("empties %s", f.servers[source].ID)
		}
	}
}

// plan writes the round's moves down; all may start at once.
func (f *reactiveFleet) plan() *model.Plan {
	p := &model.Plan{Fleet: f.view.Fleet, Tick: f.view.Tick, State: model.PlanProposed, Waves: 1, KeepCompleted: true,
		ConfidencePPM: 1_000_000, Inputs: f.view.Inputs, Reason: fmt.Sprintf("%d moves by what was seen last", len(f.moves))}
	var parts []string
	for i, m := range f.moves {
		r := &f.replicas[m.replica]
		move := model.Move{Index: i, Replica: r.id, Application: r.app.ID, From: f.servers[r.server].ID, To: f.servers[m.to].ID,
			Demand: r.app.Request, DataBytes: r.app.DataBytes, EarliestStart: f.view.Tick, LatestStart: f.view.Tick.Add(f.view.Interval),
			ExpectDuration: f.view.Interval, Driver: r.app.Driver, Reason: m.reason}
		parts = append(parts, fmt.Sprintf("%s>%s", move.Replica, move.To))
		p.Moves = append(p.Moves, move)
	}
	p.ID = model.NewPlanID(p.Fleet, p.Tick, model.Digest(parts...))
	return p
}
