package solve

import (
	"fmt"
	"os"

	"github.com/goccy/go-yaml"

	"drover/internal/model"
)

// readFile reads a problem file.
func readFile(path string) (*model.Problem, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the problem: %w", err)
	}
	p, err := parseFile(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// parseFile reads a problem from YAML; unknown fields are errors.
func parseFile(text []byte) (*model.Problem, error) {
	var f fileProblem
	if err := yaml.UnmarshalWithOptions(text, &f, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("reading YAML: %w", err)
	}
	b := &builder{f: &f, p: &model.Problem{Name: f.Name, Periods: max(1, f.Periods), MaxMoves: f.MaxMoves},
		resources: map[string]int{}, servers: map[string]int{}, groups: map[string]int{}, places: map[string]int{}}
	b.build()
	return b.p, b.err
}

// builder turns names into indices. The first error sticks.
type builder struct {
	f         *fileProblem
	p         *model.Problem
	resources map[string]int
	servers   map[string]int
	groups    map[string]int
	places    map[string]int // zones, locations and neighbourhoods
	err       error
}

func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// name books a new name in a table.
func (b *builder) name(table map[string]int, what, name string) {
	if name == "" {
		b.fail("%s %d has no name", what, len(table)+1)
	}
	if _, ok := table[name]; ok {
		b.fail("%s %q is there twice", what, name)
	}
	table[name] = len(table)
}

// find returns the index of a name.
func (b *builder) find(table map[string]int, what, name, where string) int {
	k, ok := table[name]
	if !ok {
		b.fail("%s: there is no %s %q", where, what, name)
	}
	return k
}

func (b *builder) findAll(table map[string]int, what string, names []string, where string) []int {
	var list []int
	for _, n := range names {
		list = append(list, b.find(table, what, n, where))
	}
	return list
}

// place returns the index of a zone, location or neighbourhood, new or known.
func (b *builder) place(name string) int {
	k, ok := b.places[name]
	if !ok {
		k = len(b.places)
		b.places[name] = k
	}
	return k
}

func (b *builder) build() {
	for _, r := range b.f.Resources {
		b.name(b.resources, "resource", r.Name)
		b.p.Resources = append(b.p.Resources, model.PackedResource{Name: r.Name, Transient: r.Transient, LoadWeight: r.LoadWeight})
	}
	if b.f.PowerResource != "" {
		b.p.PowerResource = b.find(b.resources, "resource", b.f.PowerResource, "power_resource")
	}
	w := b.f.Weights
	b.p.Weights = model.PartWeights{Power: w.Power, Money: w.Money, Wake: w.Wake, Traffic: w.Traffic,
		ItemMove: w.ItemMove, GroupMove: w.GroupMove, BinMove: w.BinMove}
	for _, l := range b.f.Balances {
		b.p.Balances = append(b.p.Balances, model.Balance{A: b.find(b.resources, "resource", l.A, "balances"),
			B: b.find(b.resources, "resource", l.B, "balances"), Target: l.Target, Weight: l.Weight})
	}
	for k := range b.f.Servers {
		b.server(&b.f.Servers[k])
	}
	for k := range b.f.Applications {
		b.name(b.groups, "application", b.f.Applications[k].Name)
	}
	for k := range b.f.Applications {
		b.application(k, &b.f.Applications[k])
	}
	b.flows()
}

// vector lays amounts by resource name out as the model wants them.
func (b *builder) vector(given map[string]amounts, where string) []int64 {
	n := len(b.p.Resources)
	v := make([]int64, n*b.p.Periods)
	for name, list := range given {
		r := b.find(b.resources, "resource", name, where)
		if len(list) != 1 && len(list) != b.p.Periods {
			b.fail("%s: %s has %d amounts for %d periods", where, name, len(list), b.p.Periods)
			continue
		}
		if b.err != nil {
			continue
		}
		for t := range b.p.Periods {
			v[t*n+r] = list[t%len(list)]
		}
	}
	return v
}

func (b *builder) server(s *fileServer) {
	where := fmt.Sprintf("server %q", s.Name)
	b.name(b.servers, "server", s.Name)
	bin := model.Bin{Name: s.Name, Zone: b.place(s.Zone), Location: b.place(s.Zone), Neighbourhood: b.place(s.Zone),
		Capacity: b.vector(s.Capacity, where), Money: s.Money, WakeCost: s.WakeCost, Asleep: s.Asleep,
		Closed: s.Closed, NoArrivals: s.NoArrivals, MaxArrivals: s.MaxArrivals, MaxDepartures: s.MaxDepartures}
	if s.Location != "" {
		bin.Location = b.place(s.Location)
	}
	if s.Neighbourhood != "" {
		bin.Neighbourhood = b.place(s.Neighbourhood)
	}
	if len(s.Safety) > 0 {
		full := map[string]amounts{}
		for name, v := range s.Capacity {
			full[name] = v
		}
		for name, v := range s.Safety {
			full[name] = v
		}
		bin.Safety = b.vector(full, where)
	}
	for _, pt := range s.Power {
		bin.Power = append(bin.Power, model.PowerPoint{UtilisationPPM: pt[0], PowerMilliwatts: pt[1]})
	}
	b.p.Bins = append(b.p.Bins, bin)
}

func (b *builder) application(k int, a *fileApplication) {
	where := fmt.Sprintf("application %q", a.Name)
	b.p.Groups = append(b.p.Groups, model.Group{Name: a.Name, MaxPerBin: a.MaxPerServer, MinSpread: a.MinZones, MaxMoves: a.MaxMoves,
		DependsOn: b.findAll(b.groups, "application", a.DependsOn, where),
		Affinity:  b.findAll(b.groups, "application", a.Affinity, where), AntiAffinity: b.findAll(b.groups, "application", a.AntiAffinity, where)})
	if a.Replicas == 0 {
		a.Replicas = len(a.Start)
	}
	if a.Replicas < len(a.Start) || a.Replicas > maxReplicas {
		b.fail("%s: replicas %d, but start names %d servers (at most %d replicas)", where, a.Replicas, len(a.Start), maxReplicas)
		return
	}
	demand := b.vector(a.Demand, where)
	allowed := b.findAll(b.servers, "server", a.Allowed, where)
	forbidden := b.findAll(b.servers, "server", a.Forbidden, where)
	for i := range a.Replicas {
		item := model.Item{Name: string(model.NewReplicaID(model.ApplicationID(a.Name), i)), Group: k, Demand: demand,
			Start: model.Unplaced, MoveCost: a.MoveCost, Pinned: a.Pinned, Allowed: allowed, Forbidden: forbidden}
		if i < len(a.Start) && a.Start[i] != "" {
			item.Start = b.find(b.servers, "server", a.Start[i], where)
		}
		b.p.Items = append(b.p.Items, item)
	}
}

// maxReplicas bounds one application of a problem file.
const maxReplicas = 1_000_000

func (b *builder) flows() {
	for _, f := range b.f.Flows {
		b.p.GroupFlows = append(b.p.GroupFlows, model.Flow{A: b.find(b.groups, "application", f.From, "flows"),
			B: b.find(b.groups, "application", f.To, "flows"), Rate: f.Rate})
	}
	if len(b.f.Distances) == 0 {
		return
	}
	n := len(b.places)
	if n > maxPlaces {
		b.fail("distances: %d zones, locations and neighbourhoods are more than %d", n, maxPlaces)
		return
	}
	b.p.Distance = make([][]int64, n)
	for a := range b.p.Distance {
		b.p.Distance[a] = make([]int64, n)
	}
	for _, d := range b.f.Distances {
		x, y := b.find(b.places, "zone", d.A, "distances"), b.find(b.places, "zone", d.B, "distances")
		b.p.Distance[x][y], b.p.Distance[y][x] = d.Distance, d.Distance
	}
}

// maxPlaces bounds the table of distances.
const maxPlaces = 5000
