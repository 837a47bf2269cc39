package graph

import "drover/internal/model"

// ChangeKind says in what an edge differs between two versions.
type ChangeKind string

// The kinds of changes.
const (
	Appeared       ChangeKind = "appeared"
	Vanished       ChangeKind = "vanished"
	RateChanged    ChangeKind = "rate"
	LatencyChanged ChangeKind = "latency"
	ErrorsChanged  ChangeKind = "errors"
)

// Change is one difference of an edge between two versions. Before is zero for
// an edge that appeared, After for one that vanished.
type Change struct {
	Kind          ChangeKind
	Before, After model.Edge
}

// errorShareStep is the least difference of the share of failed calls that
// counts as a change.
const errorShareStep = 0.01

// Diff returns what changed from before to after, by caller and callee: edges
// that appeared or vanished, call rates and 95 % response times that differ by
// at least factor (1.5: by half) in either direction, and shares of failed calls
// that differ by a hundredth or more. An edge may be named for several reasons.
func Diff(before, after *View, factor float64) []Change {
	var changes []Change
	i, j := 0, 0
	for i < len(before.edges) || j < len(after.edges) {
		order := 0
		switch {
		case i == len(before.edges):
			order = 1
		case j == len(after.edges):
			order = -1
		default:
			order = compareEdges(before.edges[i], after.edges[j])
		}
		switch {
		case order < 0:
			changes = append(changes, Change{Kind: Vanished, Before: before.edges[i]})
			i++
		case order > 0:
			changes = append(changes, Change{Kind: Appeared, After: after.edges[j]})
			j++
		default:
			changes = append(changes, compareFigures(before.edges[i], after.edges[j], factor)...)
			i++
			j++
		}
	}
	return changes
}

// compareFigures returns in what an edge's figures differ.
func compareFigures(before, after model.Edge, factor float64) []Change {
	var changes []Change
	differ := func(x, y float64) bool { return x != y && (x >= factor*y || y >= factor*x) }
	if differ(before.CallsPerSecond, after.CallsPerSecond) {
		changes = append(changes, Change{RateChanged, before, after})
	}
	if before.P95Micros > 0 && after.P95Micros > 0 && differ(float64(before.P95Micros), float64(after.P95Micros)) {
		changes = append(changes, Change{LatencyChanged, before, after})
	}
	if x, y := errorShare(before), errorShare(after); x-y >= errorShareStep || y-x >= errorShareStep {
		changes = append(changes, Change{ErrorsChanged, before, after})
	}
	return changes
}

// errorShare returns the share of calls that fail.
func errorShare(e model.Edge) float64 {
	if e.CallsPerSecond <= 0 {
		return 0
	}
	return e.ErrorsPerSecond / e.CallsPerSecond
}
