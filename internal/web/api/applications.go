package api

import (
	"cmp"
	"slices"
	"strings"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

// namespaceLabels are where platforms write an application's namespace.
var namespaceLabels = []string{"namespace", "kubernetes.io/namespace", "k8s.namespace.name", "com.docker.compose.project"}

// groupOf returns an application's namespace: by its labels, else what stands
// before a slash in its name.
func groupOf(id model.ApplicationID, labels map[string]string) string {
	for _, l := range namespaceLabels {
		if v := labels[l]; v != "" {
			return v
		}
	}
	if group, _, ok := strings.Cut(string(id), "/"); ok {
		return group
	}
	return ""
}

func promiseOf(s model.SLO) Promise {
	return Promise{ResponseQuantile: float64(s.ResponseQuantilePPM) / 1e6, ResponseMillis: float64(s.ResponseMicros) / 1e3,
		Availability: float64(s.AvailabilityPPM) / 1e6, Headroom: float64(s.HeadroomPPM) / 1e6}
}

// placed returns where an application's replicas run, and their zones in order.
func placed(f *readmodel.Fleet, p model.Placement, a *model.Application) (servers []model.ServerID, zones []string) {
	servers, zones = []model.ServerID{}, []string{}
	for i := range a.Replicas {
		on := p[model.NewReplicaID(a.ID, i)]
		servers = append(servers, on)
		if z := f.Servers[on].Zone; z != "" && !slices.Contains(zones, z) {
			zones = append(zones, z)
		}
	}
	slices.Sort(zones)
	return servers, zones
}

func applicationRow(f *readmodel.Fleet, p model.Placement, a *model.Application, tightest *Margin) ApplicationRow {
	row := ApplicationRow{ID: a.ID, Group: groupOf(a.ID, a.Labels), Replicas: a.Replicas, Stateful: a.Stateful, Promise: promiseOf(a.SLO), Tightest: tightest}
	row.Servers, row.Zones = placed(f, p, a)
	return row
}

func placementOf(f *readmodel.Fleet, at model.Instant) model.Placement {
	if at == 0 {
		return f.Placement
	}
	return f.PlacementAt(at)
}

func (s *Server) applications(c *call) (any, error) {
	var all []ApplicationRow
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		tightest := map[model.ApplicationID]*Margin{}
		for _, m := range marginsOf(evaluationAt(f, c.at)) {
			if tightest[m.Application] == nil {
				tightest[m.Application] = &m
			}
		}
		placement := placementOf(f, c.at)
		for _, id := range sortedKeys(f.Applications) {
			a := f.Applications[id]
			if c.holds(string(id), groupOf(id, a.Labels)) {
				all = append(all, applicationRow(f, placement, &a, tightest[id]))
			}
		}
	})
	return paged(c, all)
}

func (s *Server) application(c *call) (any, error) {
	var out Application
	id, found := model.ApplicationID(c.r.PathValue("application")), false
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		a, ok := f.Applications[id]
		if found = ok; !ok {
			return
		}
		out = Application{Request: amounts(a.Request), DataBytes: a.DataBytes, Labels: a.Labels, Margins: []Margin{}, Callers: []Edge{}, Callees: []Edge{}}
		for _, m := range marginsOf(evaluationAt(f, c.at)) {
			if m.Application == id {
				out.Margins = append(out.Margins, m)
			}
		}
		var tightest *Margin
		if len(out.Margins) > 0 {
			tightest = &out.Margins[0]
		}
		out.Demand = demandOf(f, &a)
		out.ApplicationRow = applicationRow(f, placementOf(f, c.at), &a, tightest)
		edges := edgesOf(f, c.at)
		for _, e := range edges {
			switch id {
			case e.Callee:
				out.Callers = append(out.Callers, e)
			case e.Caller:
				out.Callees = append(out.Callees, e)
			}
		}
		out.BlastRadius = blast(edges, id)
	})
	if !found {
		return nil, notFound("no application %q in fleet %s", id, c.fleet)
	}
	return out, nil
}

// demandOf returns what a call costs: as stated, else as the planner estimates it.
func demandOf(f *readmodel.Fleet, a *model.Application) *Demand {
	if a.DemandMicros > 0 {
		return &Demand{Millis: float64(a.DemandMicros) / 1e3, Stated: true}
	}
	if d, ok := f.Demands[a.ID]; ok {
		return &Demand{Millis: round(d.Micros/1e3, 3), ErrorMillis: round(d.ErrorMicros/1e3, 3), BaseMilli: round(d.BaseMilli, 1), Samples: d.Samples}
	}
	return nil
}

// blast returns everything that calls an application, directly or not, in order.
func blast(edges []Edge, id model.ApplicationID) []model.ApplicationID {
	callers := map[model.ApplicationID][]model.ApplicationID{}
	for _, e := range edges {
		callers[e.Callee] = append(callers[e.Callee], e.Caller)
	}
	seen := map[model.ApplicationID]bool{id: true}
	queue := []model.ApplicationID{id}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		for _, caller := range callers[next] {
			if !seen[caller] {
				seen[caller] = true
				queue = append(queue, caller)
			}
		}
	}
	delete(seen, id)
	return sortedKeys(seen)
}

// edgesOf returns the edges as of a time (0: now), the busiest first. Of the
// past it is known which edges there were; their rates are the last known.
func edgesOf(f *readmodel.Fleet, at model.Instant) []Edge {
	var all []Edge
	for _, e := range f.Edges {
		if at == 0 && e.GoneAt == 0 || at != 0 && e.FirstSeen <= at && (e.GoneAt == 0 || e.GoneAt > at) {
			all = append(all, edgeOf(&e.Edge))
		}
	}
	slices.SortFunc(all, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(b.CallsPerSecond, a.CallsPerSecond), cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
	})
	return all
}

func edgeOf(e *model.Edge) Edge {
	out := Edge{Caller: e.Caller, Callee: e.Callee, CallsPerSecond: round(e.CallsPerSecond, 3), ErrorsPerSecond: round(e.ErrorsPerSecond, 4),
		BytesPerSecond: round(e.RequestBytesPerSecond+e.ResponseBytesPerSecond, 0), P50Millis: float64(e.P50Micros) / 1e3, P95Millis: float64(e.P95Micros) / 1e3,
		Origins: []string{}, Confidence: round(e.Confidence, 3), FirstSeen: e.FirstSeen, LastSeen: e.LastSeen}
	for i, name := range []string{"declared", "observed", "inferred"} {
		if e.Origins&(1<<i) != 0 {
			out.Origins = append(out.Origins, name)
		}
	}
	return out
}

func (s *Server) edges(c *call) (any, error) {
	var all []Edge
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		for _, e := range edgesOf(f, c.at) {
			if c.holds(string(e.Caller), string(e.Callee)) {
				all = append(all, e)
			}
		}
	})
	return paged(c, all)
}

func (s *Server) network(c *call) (any, error) {
	var all []Link
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		for _, l := range f.Links {
			if c.holds(string(l.From), string(l.To)) {
				all = append(all, Link{From: l.From, To: l.To, RTTMillis: float64(l.RTTMicros) / 1e3, RTTError: float64(l.RTTErrorMicros) / 1e3,
					Loss: float64(l.LossPPM) / 1e6, Bandwidth: l.BandwidthBytesPerSecond, Measured: l.Measured, At: l.At})
			}
		}
	})
	slices.SortFunc(all, func(a, b Link) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return paged(c, all)
}

func (s *Server) graph(c *call) (any, error) {
	g := Graph{Applications: GraphNodes{ID: []model.ApplicationID{}, Group: []string{}, Zones: []string{}, Replicas: []int{}, Stateful: []bool{}},
		Edges: GraphEdges{From: []int{}, To: []int{}, CallsPerSecond: []float64{}, ErrorsPerSecond: []float64{}, P95Millis: []float64{}, Origins: []int{}, Confidence: []float64{}}}
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		index := map[model.ApplicationID]int{}
		add := func(id model.ApplicationID, a *model.Application, zones []string) int {
			if i, ok := index[id]; ok {
				return i
			}
			index[id] = len(g.Applications.ID)
			n := &g.Applications
			n.ID, n.Group, n.Zones = append(n.ID, id), append(n.Group, groupOf(id, a.Labels)), append(n.Zones, strings.Join(zones, "+"))
			n.Replicas, n.Stateful = append(n.Replicas, a.Replicas), append(n.Stateful, a.Stateful)
			return index[id]
		}
		placement := placementOf(f, c.at)
		for _, id := range sortedKeys(f.Applications) {
			a := f.Applications[id]
			_, zones := placed(f, placement, &a)
			add(id, &a, zones)
		}
		for _, e := range edgesOf(f, c.at) {
			g.Edges.add(&e, f.Edges[readmodel.EdgeKey{Caller: e.Caller, Callee: e.Callee}].Origins,
				add(e.Caller, &model.Application{}, nil), add(e.Callee, &model.Application{}, nil))
		}
	})
	return g, nil
}

func (g *GraphEdges) add(e *Edge, origins model.EdgeOrigin, from, to int) {
	g.From, g.To = append(g.From, from), append(g.To, to)
	g.CallsPerSecond, g.ErrorsPerSecond = append(g.CallsPerSecond, e.CallsPerSecond), append(g.ErrorsPerSecond, e.ErrorsPerSecond)
	g.P95Millis, g.Origins, g.Confidence = append(g.P95Millis, e.P95Millis), append(g.Origins, int(origins)), append(g.Confidence, e.Confidence)
}
