package simfleet

import (
	"cmp"
	"slices"

	"drover/internal/model"
)

// Spread places the replicas that have no place yet, as a platform would that
// knows the peaks: the largest first, each on the server with most room in a
// zone that has least of its application. cores is what a replica of the
// application of that index needs at its peak.
func Spread(servers []ServerSpec, apps []ApplicationSpec, cores func(app int) float64) {
	s := newSpreading(servers)
	for i := range apps {
		for len(apps[i].Placement) < apps[i].Replicas {
			apps[i].Placement = append(apps[i].Placement, "")
		}
		for _, on := range apps[i].Placement {
			if at, ok := s.index[on]; ok {
				s.left[at] -= cores(i)
			}
		}
	}
	for _, i := range bySize(len(apps), cores) {
		s.fill(&apps[i], cores(i))
	}
}

// bySize returns indices, those of the largest cores first.
func bySize(n int, cores func(int) float64) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(cores(b), cores(a)) })
	return order
}

// spreading is the room that is left while replicas are placed.
type spreading struct {
	servers []ServerSpec
	index   map[model.ServerID]int
	left    []float64 // cores
}

func newSpreading(servers []ServerSpec) *spreading {
	s := &spreading{servers: servers, index: map[model.ServerID]int{}, left: make([]float64, len(servers))}
	for i := range servers {
		s.index[servers[i].ID] = i
		s.left[i] = float64(servers[i].Capacity[model.CPU]) / 1000
	}
	return s
}

// fill finds places for the replicas of an application that have none.
func (s *spreading) fill(app *ApplicationSpec, cores float64) {
	inZone, used := map[string]int{}, map[int]bool{}
	for _, on := range app.Placement {
		if at, ok := s.index[on]; ok {
			inZone[s.servers[at].Zone]++
			used[at] = true
		}
	}
	for r, on := range app.Placement {
		if on != "" {
			continue
		}
		best := s.best(inZone, used)
		if best < 0 { // more replicas than servers
			clear(used)
			best = s.best(inZone, used)
		}
		used[best] = true
		s.left[best] -= cores
		inZone[s.servers[best].Zone]++
		app.Placement[r] = s.servers[best].ID
	}
}

// best returns the server for the next replica; -1: all are used.
func (s *spreading) best(inZone map[string]int, used map[int]bool) int {
	best := -1
	for at := range s.servers {
		if used[at] {
			continue
		}
		if best < 0 || cmp.Or(cmp.Compare(inZone[s.servers[at].Zone], inZone[s.servers[best].Zone]), cmp.Compare(s.left[best], s.left[at])) < 0 {
			best = at
		}
	}
	return best
}
