package planner

import (
	"maps"
	"slices"

	"drover/internal/model"
)

// domain is a set of servers that one router's loss cuts off together.
type domain struct {
	router  string
	servers []model.ServerID // sorted
}

// domains finds the routers that servers can't do without: those on every usual
// route of at least two ways from each. The smallest sets come first.
func domains(links []model.Link) []domain {
	need := map[model.ServerID]map[string]bool{}
	ways := map[model.ServerID]int{}
	for _, l := range links {
		if len(l.Routers) == 0 {
			continue
		}
		ways[l.From]++
		here := map[string]bool{}
		for _, r := range l.Routers {
			here[r] = ways[l.From] == 1 || need[l.From][r]
		}
		maps.DeleteFunc(here, func(_ string, on bool) bool { return !on })
		need[l.From] = here
	}
	behind := map[string][]model.ServerID{}
	for server, routers := range need {
		if ways[server] < 2 {
			continue
		}
		for r := range routers {
			behind[r] = append(behind[r], server)
		}
	}
	var found []domain
	for _, r := range slices.Sorted(maps.Keys(behind)) {
		if len(behind[r]) > 1 {
			slices.Sort(behind[r])
			found = append(found, domain{r, behind[r]})
		}
	}
	slices.SortStableFunc(found, func(a, b domain) int { return len(a.servers) - len(b.servers) })
	return found
}

// linked is what follows from the links of a fleet.
type linked struct {
	links   []model.Link // in the order of their ends
	domains []domain
}

// ways returns what follows from the links; they change far more rarely than decisions are taken.
func (f *fleet) ways() *linked {
	if f.linked == nil {
		links := ordered(f.state.Links)
		f.linked = &linked{links: links, domains: domains(links)}
	}
	return f.linked
}

// racked returns the servers; those whose rack nobody states get the smallest
// set of servers that they share fate with, unless that is the whole fleet.
func (f *fleet) racked() map[model.ServerID]model.Server {
	servers := f.state.Servers
	copied := false
	for _, d := range f.ways().domains {
		if len(d.servers) >= len(f.state.Servers) {
			continue
		}
		for _, id := range d.servers {
			s, ok := servers[id]
			if !ok || s.Rack != "" {
				continue
			}
			if !copied {
				servers, copied = maps.Clone(servers), true
			}
			s.Rack = "behind " + d.router
			servers[id] = s
		}
	}
	return servers
}
