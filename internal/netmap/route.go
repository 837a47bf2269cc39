package netmap

import (
	"math"
	"slices"

	"drover/internal/model"
)

const (
	// routeLimit is how many routes a pair remembers; the longest unseen goes.
	routeLimit = 16
	// settled is how often the usual routes must have been seen, and unusual how
	// often in succession none of them, before a change is called one. Two equal
	// ways that alternate by chance look like that with a probability of 2^-7.
	settled, unusual = 5, 3
	// doubt is the probability below which a row of unusual routes is not taken
	// for more ways of a load balancer.
	doubt = 1e-4
)

// route is one way to a target: the routers that answered, by distance. An
// empty set is a silent hop. Several addresses at one distance are kept together
// when one traceroute saw them.
type route struct {
	hops [][]node
	seen uint32        // how often
	at   model.Instant // newest
	// fresh is set until the route has become one of the pair's usual ones.
	fresh bool
}

// matches tells whether two routes agree wherever both have an answer: a silent
// hop is noise, another router is not.
func (r *route) matches(hops [][]node) bool {
	common := 0
	for i := range min(len(r.hops), len(hops)) {
		if len(r.hops[i]) == 0 || len(hops[i]) == 0 {
			continue
		}
		if !slices.ContainsFunc(hops[i], func(n node) bool { return slices.Contains(r.hops[i], n) }) {
			return false
		}
		common++
	}
	// A path of another length took another way, unless its end was silent.
	return common > 0 || len(r.hops) == len(hops)
}

// merge fills in what another traceroute saw of the same route.
func (r *route) merge(hops [][]node) {
	for i, set := range hops {
		if i == len(r.hops) {
			r.hops = append(r.hops, nil)
		}
		for _, n := range set {
			if at, found := slices.BinarySearch(r.hops[i], n); !found {
				r.hops[i] = slices.Insert(r.hops[i], at, n)
			}
		}
	}
}

// routes tells the usual ways of a pair (several where the network balances load
// over equal ones) from a change of the way.
type routes struct {
	known   []route
	row     uint32 // paths in succession that took none of the usual routes
	changes uint32
	changed model.Instant // newest change; 0: none
	paths   uint32
}

// observe folds the hops of a path and tells whether the way has changed for
// good: the usual routes were seen often and then, several times in a row, none
// of them.
func (r *routes) observe(at model.Instant, hops [][]node) bool {
	r.paths++
	i := slices.IndexFunc(r.known, func(k route) bool { return k.matches(hops) })
	if i < 0 {
		i = r.admit(at)
	}
	k := &r.known[i]
	k.merge(hops)
	k.seen++
	k.at = max(k.at, at)
	if !k.fresh {
		// A usual route again: the new ones beside it are equal ways.
		r.row = 0
		r.settle()
		return false
	}
	r.row++
	if r.row < unusual {
		return false
	}
	if !r.improbable() {
		return false
	}
	r.forgetUsual()
	r.changes++
	r.changed = max(r.changed, at)
	return true
}

// improbable tells whether the present row of unusual routes can hardly be that
// of ways not seen yet among equal ones. The probability that a path takes such
// a way is estimated by the share of ways seen once (Good 1953), smoothed. One
// of the unusual routes must have been seen again.
func (r *routes) improbable() bool {
	seen, once, again := 0.0, 0.0, false
	for _, k := range r.known {
		switch {
		case k.fresh:
			again = again || k.seen > 1
		case k.seen == 1:
			once++
			seen++
		default:
			seen += float64(k.seen)
		}
	}
	return again && seen >= settled && math.Pow((once+1)/(seen+2), float64(r.row)) < doubt
}

// admit makes room for a new route and returns its index. The first route of a
// pair is a usual one.
func (r *routes) admit(at model.Instant) int {
	fresh := route{at: at, fresh: len(r.known) > 0}
	if len(r.known) < routeLimit {
		r.known = append(r.known, fresh)
		return len(r.known) - 1
	}
	oldest := 0
	for i := range r.known {
		if r.known[i].at < r.known[oldest].at {
			oldest = i
		}
	}
	r.known[oldest] = fresh
	return oldest
}

// settle makes every known route a usual one.
func (r *routes) settle() {
	for i := range r.known {
		r.known[i].fresh = false
	}
	r.row = 0
}

// forgetUsual leaves only the new routes, as the usual ones.
func (r *routes) forgetUsual() {
	r.known = slices.DeleteFunc(r.known, func(k route) bool { return !k.fresh })
	r.settle()
}
