package api

import (
	"cmp"
	"math"
	"slices"
	"time"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

func amounts(v model.Vector) Amounts {
	return Amounts{CPUMilli: v[model.CPU], MemoryBytes: v[model.Memory], ReceiveBytes: v[model.Receive], TransmitBytes: v[model.Transmit], DiskBytes: v[model.Disk]}
}

// hostsView is what rows of servers are made of.
type hostsView struct {
	fleet    *readmodel.Fleet
	at       model.Instant
	outlook  *outlook
	replicas map[model.ServerID][]model.ReplicaID
}

func (s *Server) hosts(c *call, f *readmodel.Fleet) *hostsView {
	v := &hostsView{fleet: f, at: c.present(f), outlook: s.outlooks.of(f, model.CPU, c.at), replicas: map[model.ServerID][]model.ReplicaID{}}
	placement := f.Placement
	if c.at != 0 {
		placement = f.PlacementAt(c.at)
	}
	for _, r := range sortedKeys(placement) {
		v.replicas[placement[r]] = append(v.replicas[placement[r]], r)
	}
	return v
}

func (v *hostsView) row(m *model.Server) Host {
	h := Host{ID: m.ID, Zone: m.Zone, Rack: m.Rack, Labels: m.Labels, Capacity: amounts(m.Capacity), SafetyPercent: round(100*safeShare(m, model.CPU), 1),
		Unschedulable: m.Unschedulable, Drained: v.fleet.Drained[m.ID] != 0, Replicas: v.replicas[m.ID], Ahead: v.outlook.tight(m, model.CPU)}
	if h.Replicas == nil {
		h.Replicas = []model.ReplicaID{}
	}
	used := func(r model.Resource) float64 {
		return percent(v.fleet.ValueAt(readmodel.SeriesKey{Entity: model.ServerEntity(m.ID), Resource: r}, v.at), float64(m.Capacity[r]))
	}
	h.CPUPercent, h.MemoryPercent = used(model.CPU), used(model.Memory)
	return h
}

func (s *Server) servers(c *call) (any, error) {
	var all []Host
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		v := s.hosts(c, f)
		for _, id := range sortedKeys(f.Servers) {
			m := f.Servers[id]
			if zone := c.query("zone"); (zone == "" || m.Zone == zone) && c.holds(string(id), m.Zone, m.Rack) {
				all = append(all, v.row(&m))
			}
		}
	})
	return paged(c, all)
}

func (s *Server) server(c *call) (any, error) {
	var out Host
	id, found := model.ServerID(c.r.PathValue("server")), false
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		m, ok := f.Servers[id]
		if found = ok; ok {
			out = s.hosts(c, f).row(&m)
		}
	})
	if !found {
		return nil, notFound("no server %q in fleet %s", id, c.fleet)
	}
	return out, nil
}

func (s *Server) outlook(c *call) (any, error) {
	var all []Tight
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		for _, r := range []model.Resource{model.CPU, model.Memory} {
			o := s.outlooks.of(f, r, c.at)
			for _, id := range sortedKeys(f.Servers) {
				m := f.Servers[id]
				if t := o.tight(&m, r); t != nil && t.HighPercent > t.SafePercent {
					all = append(all, *t)
				}
			}
		}
	})
	slices.SortStableFunc(all, func(a, b Tight) int {
		return cmp.Or(cmp.Compare(b.Chance, a.Chance), cmp.Compare(b.HighPercent, a.HighPercent), cmp.Compare(a.From, b.From))
	})
	return paged(c, all)
}

func (s *Server) heat(c *call) (any, error) {
	resource, err := c.resource()
	if err != nil {
		return nil, err
	}
	if resource != model.CPU && resource != model.Memory {
		return nil, badRequest("resource: %q: want cpu or memory", resource)
	}
	back, err := c.hours(6, 48)
	if err != nil {
		return nil, err
	}
	out := Heat{Resource: resource.String(), Times: []model.Instant{}, Servers: []model.ServerID{}, Zones: []string{}, Racks: []string{},
		Replicas: []int{}, Safe: []int{}, Percent: [][]int{}, High: [][]int{}, Chance: [][]int{}}
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		o := s.outlooks.of(f, resource, c.at)
		out.At = o.at
		last := o.at.Floor(readmodel.HistoryStep)
		for t := last.Add(-back).Add(readmodel.HistoryStep); t <= last; t = t.Add(readmodel.HistoryStep) {
			out.Times = append(out.Times, t)
		}
		out.Past = len(out.Times)
		for h := range o.steps {
			out.Times = append(out.Times, o.time(h))
		}
		v := s.hosts(c, f)
		for _, id := range sortedKeys(f.Servers) {
			m := f.Servers[id]
			out.row(f, o, &m, resource, len(v.replicas[id]))
		}
	})
	return out, nil
}

// row adds a server.
func (h *Heat) row(f *readmodel.Fleet, o *outlook, m *model.Server, r model.Resource, replicas int) {
	h.Servers, h.Zones, h.Racks = append(h.Servers, m.ID), append(h.Zones, m.Zone), append(h.Racks, m.Rack)
	h.Replicas, h.Safe = append(h.Replicas, replicas), append(h.Safe, int(math.Round(100*safeShare(m, r))))
	capacity := float64(m.Capacity[r])
	row := make([]int, 0, len(h.Times))
	key := readmodel.SeriesKey{Entity: model.ServerEntity(m.ID), Resource: r}
	if h.Past > 0 {
		past := f.HistoryOf(key, h.Times[0].Add(-time.Millisecond), h.Times[h.Past-1])
		for _, t := range h.Times[:h.Past] {
			i := int(t.Sub(past.Start) / past.Step)
			if i < 0 || i >= len(past.Values) || t < past.Start {
				row = append(row, -1)
				continue
			}
			row = append(row, whole(float64(past.Values[i]), capacity))
		}
	}
	high, chance := []int{}, []int{}
	if a := o.servers[m.ID]; a != nil {
		for i := range a.median {
			row = append(row, whole(a.median[i], capacity))
			high, chance = append(high, whole(a.high[i], capacity)), append(chance, int(math.Round(100*a.chance[i])))
		}
	}
	h.Percent, h.High, h.Chance = append(h.Percent, row), append(h.High, high), append(h.Chance, chance)
}

// whole returns a share in whole percent, -1 where it is unknown.
func whole(value, capacity float64) int {
	if math.IsNaN(value) || capacity <= 0 {
		return -1
	}
	return int(math.Round(min(100*value/capacity, 999)))
}

// resource reads the resource asked for.
func (c *call) resource() (model.Resource, error) {
	text := c.query("resource")
	if text == "" {
		return model.CPU, nil
	}
	r, err := model.ParseResource(text)
	if err != nil {
		return 0, badRequest("%v", err)
	}
	return r, nil
}
