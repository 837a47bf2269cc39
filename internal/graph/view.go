package graph

import (
	"cmp"
	"slices"

	"drover/internal/model"
)

// View is the dependency graph of one fleet as of a version: immutable, so that
// readers may share it and keep an old one beside a new one. Answers are in a
// fixed order everywhere. Slices that it returns must not be changed.
type View struct {
	fleet model.FleetID
	apps  []model.ApplicationID // sorted; nodes are indexes into it
	index map[model.ApplicationID]int32
	edges []model.Edge // sorted by caller and callee
	ends  []ends       // of each edge
	// out holds where each caller's edges begin in edges, with one more at the end.
	out []int32
	// in holds where each callee's edges begin in byCallee, which lists edges.
	in       []int32
	byCallee []int32
	requests []float64 // per second, by node; see Requests
}

// ends are an edge's nodes.
type ends struct{ caller, callee int32 }

// NewView returns the graph of a fleet's edges. Edges of other fleets and those
// that are gone are left out; of several edges with the same ends the last holds.
func NewView(fleet model.FleetID, edges []model.Edge) *View {
	kept := make([]model.Edge, 0, len(edges))
	for _, e := range edges {
		if e.Fleet == fleet {
			kept = append(kept, e)
		}
	}
	if !slices.IsSortedFunc(kept, compareEdges) {
		slices.SortStableFunc(kept, compareEdges)
	}
	return newView(fleet, lastOfEach(kept))
}

// lastOfEach keeps the last of sorted edges with the same ends, unless it is gone.
func lastOfEach(sorted []model.Edge) []model.Edge {
	kept := sorted[:0]
	for i, e := range sorted {
		if i+1 < len(sorted) && compareEdges(e, sorted[i+1]) == 0 || e.Gone {
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

// newView indexes edges that are sorted, unique and not gone.
func newView(fleet model.FleetID, edges []model.Edge) *View {
	v := &View{fleet: fleet, edges: edges}
	v.number()
	v.out, v.in = make([]int32, len(v.apps)+1), make([]int32, len(v.apps)+1)
	for _, e := range v.ends {
		v.out[e.caller+1]++
		v.in[e.callee+1]++
	}
	for n := range v.apps {
		v.out[n+1] += v.out[n]
		v.in[n+1] += v.in[n]
	}
	v.byCallee = make([]int32, len(edges))
	next := slices.Clone(v.in)
	for i, e := range v.ends {
		v.byCallee[next[e.callee]] = int32(i)
		next[e.callee]++
	}
	v.requests = make([]float64, len(v.apps))
	for n := range v.requests {
		v.requests[n] = v.countRequests(int32(n))
	}
	return v
}

// number gives the applications their nodes, in order of their names, with one
// look-up for each callee and one for each caller.
func (v *View) number() {
	v.index = map[model.ApplicationID]int32{}
	meet := func(app model.ApplicationID) int32 {
		n, known := v.index[app]
		if !known {
			n = int32(len(v.apps))
			v.index[app] = n
			v.apps = append(v.apps, app)
		}
		return n
	}
	v.ends = make([]ends, len(v.edges))
	for i, e := range v.edges {
		if i > 0 && v.edges[i-1].Caller == e.Caller {
			v.ends[i].caller = v.ends[i-1].caller
		} else {
			v.ends[i].caller = meet(e.Caller)
		}
		v.ends[i].callee = meet(e.Callee)
	}
	met := v.apps
	v.apps = slices.Sorted(slices.Values(met))
	for n, app := range v.apps {
		v.index[app] = int32(n)
	}
	node := make([]int32, len(met))
	for n, app := range met {
		node[n] = v.index[app]
	}
	for i, e := range v.ends {
		v.ends[i] = ends{node[e.caller], node[e.callee]}
	}
}

// Apply returns the graph after changes (as Graph.Changed gives them): new and
// changed edges replace, gone ones are taken out. v stays as it is.
func (v *View) Apply(changes []model.Edge) *View {
	sorted := make([]model.Edge, 0, len(changes))
	for _, e := range changes {
		if e.Fleet == v.fleet {
			sorted = append(sorted, e)
		}
	}
	slices.SortStableFunc(sorted, compareEdges)
	merged := make([]model.Edge, 0, len(v.edges)+len(sorted))
	i := 0
	for _, e := range sorted {
		for ; i < len(v.edges) && compareEdges(v.edges[i], e) <= 0; i++ {
			merged = append(merged, v.edges[i])
		}
		merged = append(merged, e)
	}
	merged = append(merged, v.edges[i:]...)
	return newView(v.fleet, lastOfEach(merged))
}

// Complete returns the graph with declared dependencies added: an edge that was
// seen keeps its figures and is marked as declared too; one that was not is
// added without rates.
func (v *View) Complete(apps []model.Application) *View {
	declared := make([]model.Edge, 0, len(apps))
	for _, app := range apps {
		if app.Fleet != v.fleet || app.Removed {
			continue
		}
		for _, callee := range app.DependsOn {
			e, seen := v.Edge(app.ID, callee)
			if !seen {
				e = model.Edge{Fleet: v.fleet, Caller: app.ID, Callee: callee, FirstSeen: app.At, LastSeen: app.At, Confidence: declaredConfidence}
			}
			e.Origins |= model.Declared
			e.Confidence = max(e.Confidence, declaredConfidence)
			declared = append(declared, e)
		}
	}
	return v.Apply(declared)
}

// Fleet returns the fleet.
func (v *View) Fleet() model.FleetID { return v.fleet }

// Applications returns the applications that call or are called, sorted.
func (v *View) Applications() []model.ApplicationID { return v.apps }

// Edges returns all edges, sorted by caller and callee.
func (v *View) Edges() []model.Edge { return v.edges }

// Edge returns the edge between two applications.
func (v *View) Edge(caller, callee model.ApplicationID) (model.Edge, bool) {
	list := v.Callees(caller)
	i, found := slices.BinarySearchFunc(list, callee, func(e model.Edge, id model.ApplicationID) int { return cmp.Compare(e.Callee, id) })
	if !found {
		return model.Edge{}, false
	}
	return list[i], true
}

// Callees returns the edges from an application, by callee.
func (v *View) Callees(app model.ApplicationID) []model.Edge {
	n, ok := v.index[app]
	if !ok {
		return nil
	}
	return v.edges[v.out[n]:v.out[n+1]]
}

// Callers returns the edges to an application, by caller.
func (v *View) Callers(app model.ApplicationID) []model.Edge {
	n, ok := v.index[app]
	if !ok {
		return nil
	}
	list := make([]model.Edge, 0, v.in[n+1]-v.in[n])
	for _, i := range v.byCallee[v.in[n]:v.in[n+1]] {
		list = append(list, v.edges[i])
	}
	return list
}

// Requests returns how many requests per second an application takes: those of
// its callers or, where it has none, as many as it makes of its busiest callee.
func (v *View) Requests(app model.ApplicationID) float64 {
	n, ok := v.index[app]
	if !ok {
		return 0
	}
	return v.requests[n]
}

func (v *View) countRequests(n int32) float64 {
	sum := 0.0
	for _, i := range v.byCallee[v.in[n]:v.in[n+1]] {
		if v.ends[i].caller != n {
			sum += v.edges[i].CallsPerSecond
		}
	}
	if sum > 0 {
		return sum
	}
	for _, e := range v.edges[v.out[n]:v.out[n+1]] {
		sum = max(sum, e.CallsPerSecond)
	}
	return sum
}

// callsPerRequest returns how many calls an edge makes for each request that its
// caller takes. An edge without rates (declared only) counts as one.
func (v *View) callsPerRequest(edge int32, requests float64) float64 {
	rate := v.edges[edge].CallsPerSecond
	if rate <= 0 || requests <= 0 {
		if v.edges[edge].Origins == model.Declared {
			return 1
		}
		return 0
	}
	return rate / requests
}
