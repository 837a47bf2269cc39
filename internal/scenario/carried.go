package scenario

import (
	"maps"
	"slices"

	"drover/internal/model"
)

// leastCarried is the change of load, in parts per million, below which a campaign
// is not carried on to the applications that are called.
const leastCarried = 10_000

// carriedShare is the share of an application's requests that others make it serve.
type carriedShare struct {
	application model.ApplicationID
	share       float64
}

// carried returns what some applications make of the load of those that they call,
// directly or over others and are not among them: a calendar names the application
// that people will use, and its callees' own forecasts can't know of it before they
// have shown it.
func (f *fleet) carried(by []model.ApplicationID) []carriedShare {
	shares := map[model.ApplicationID]float64{}
	for _, a := range by {
		if a == "" { // all applications: nothing is left to be carried to
			return nil
		}
		for id, share := range model.Carried(f.view.Edges, a) {
			shares[id] = min(1, shares[id]+share)
		}
	}
	var out []carriedShare
	for _, id := range slices.Sorted(maps.Keys(shares)) {
		if !slices.Contains(by, id) {
			out = append(out, carriedShare{id, shares[id]})
		}
	}
	return out
}
