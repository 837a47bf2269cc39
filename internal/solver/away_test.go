package solver

import (
	"math"
	"slices"
	"testing"

	"drover/internal/model"
)

// racks is a fleet of bins in racks of four: moves within a rack pay the item's
// fee alone. Each bin holds four items, which use so much of what is safe.
func racks(bins int, use int64) *model.Problem {
	p := &model.Problem{Weights: model.PartWeights{ItemMove: 1, GroupMove: 1, BinMove: 10}, Groups: make([]model.Group, 4*bins)}
	p.Resources = []model.PackedResource{{LoadWeight: 1}}
	for b := range bins {
		p.Bins = append(p.Bins, model.Bin{Capacity: []int64{800}, Safety: []int64{400}})
		row := make([]int32, bins)
		for to := range row {
			row[to] = int32(min(2, max(b/4-to/4, to/4-b/4)))
		}
		p.MoveDistance = append(p.MoveDistance, row)
		for k := range 4 {
			p.Items = append(p.Items, model.Item{Group: 4*b + k, Start: b, MoveCost: 1, Demand: []int64{use}})
		}
	}
	return p
}

func compiled(t *testing.T, p *model.Problem) *instance {
	t.Helper()
	in, err := compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// TestAwayIsWeighedByFeesInRoomyFleets: elsewhere every bin but the start is as
// far from home as any other.
func TestAwayIsWeighedByFeesInRoomyFleets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		use   int64
		roomy bool
	}{{"roomy", 90, true}, {"tight", 99, false}} {
		in := compiled(t, racks(40, c.use))
		if in.roomy != c.roomy {
			t.Fatalf("%s: roomy is %t", c.name, in.roomy)
		}
		if home := in.away(0, 0) + in.away(0, none); home != 0 {
			t.Errorf("%s: at home or nowhere an item is %g away", c.name, home)
		}
		near, far := in.away(0, 1), in.away(0, 39)
		switch {
		case !c.roomy && (near != 1 || far != 1):
			t.Errorf("%s: %g and %g away, want 1", c.name, near, far)
		case c.roomy && (near < awayShare || near > 0.5 || far < 1):
			t.Errorf("%s: %g away nearby and %g far off", c.name, near, far)
		}
		mean := 0.0
		for i := range int32(in.items) {
			for b := range int32(in.bins) {
				mean += in.away(i, b)
			}
		}
		if mean /= float64(in.items * (in.bins - 1)); math.Abs(mean-1) > 0.02 {
			t.Errorf("%s: %g away on average", c.name, mean)
		}
		if got := in.awayChange(0, 1, 39); got != far-near {
			t.Errorf("%s: going on from near to far changes %g, want %g", c.name, got, far-near)
		}
	}
}

// TestFleetsThatSaveOtherwiseAreNotRoomy: where power is priced, an empty fleet
// says nothing about what remains to save.
func TestFleetsThatSaveOtherwiseAreNotRoomy(t *testing.T) {
	t.Parallel()
	p := racks(40, 90)
	p.Weights.Money = 1
	p.Bins[3].Money = 5
	if in := compiled(t, p); in.roomy || in.near != nil {
		t.Error("money is priced, but the fleet counts as roomy or draws near bins")
	}
	p = racks(40, 90)
	p.Weights.BinMove, p.Weights.ItemMove = 0, 0
	if in := compiled(t, p); in.roomy || in.near != nil {
		t.Error("moves are free, but the fleet counts as roomy or draws near bins")
	}
}

// TestNearBinsAreTheLeastDistant: lists hold the rest of the rack, draws come
// from there or are the start.
func TestNearBinsAreTheLeastDistant(t *testing.T) {
	t.Parallel()
	in := compiled(t, racks(40, 90))
	for a := range int32(40) {
		rack := []int32{a / 4 * 4, a/4*4 + 1, a/4*4 + 2, a/4*4 + 3}
		rack = slices.DeleteFunc(rack, func(b int32) bool { return b == a })
		if !slices.Equal(in.near[a], rack) {
			t.Fatalf("near bin %d are %v, want %v", a, in.near[a], rack)
		}
	}
	l := newLane(in, in.start, 1)
	l.s.apply(0, 30, 0)
	home, near := 0, 0
	for range 4000 {
		switch b := l.nearBin(0); {
		case b == 0:
			home++
		case b == none:
		case b < 4:
			near++
		default:
			t.Fatalf("bin %d is not near bin 0", b)
		}
		if l.nearBin(4) == 1 {
			t.Fatal("an item at home is offered its home")
		}
	}
	if home < 300 || near < 300 {
		t.Errorf("of 4000 draws %d are the start and %d near it, want some 500 each", home, near)
	}
	l.nearby = false
	for range 100 {
		if l.nearBin(0) != none {
			t.Fatal("near bins are drawn though they shall not")
		}
	}
}

// TestNearListsAreShort: long ones are thinned, evenly distant fleets have none.
func TestNearListsAreShort(t *testing.T) {
	t.Parallel()
	list := make([]int32, 1000)
	for k := range list {
		list[k] = int32(k)
	}
	list = thin(list)
	if len(list) != nearMost || list[0] != 0 || list[nearMost-1] < 900 || !slices.IsSorted(list) {
		t.Errorf("1000 bins are thinned to %v", list)
	}
	if in := compiled(t, racks(12, 90)); in.near == nil {
		t.Error("racks of four in twelve are few, but have no list")
	}
	if in := compiled(t, racks(8, 90)); in.near != nil {
		t.Error("racks of four in eight are many, but have lists")
	}
}

// TestRoomyFleetsPayNearMoves: a fleet whose first bin of each rack is overloaded
// is put right within the racks.
func TestRoomyFleetsPayNearMoves(t *testing.T) {
	t.Parallel()
	p := racks(40, 60)
	for i := range p.Items {
		if p.Items[i].Start%4 == 0 {
			p.Items[i].Demand[0] = 140
		}
	}
	a, err := Solve(p, Options{Seed: 1, Evaluations: 400_000})
	if err != nil {
		t.Fatal(err)
	}
	if load, way := a.Costs[model.PartLoad], a.Costs[model.PartBinMove]; load != 0 || way != 0 || a.Violated > 0 {
		t.Errorf("load costs %d and ways %d, want 0 and 0", load, way)
	}
}

// TestFeesMatterByTheirShare: fees are held against the gap.
func TestFeesMatterByTheirShare(t *testing.T) {
	t.Parallel()
	l := newLane(compiled(t, racks(40, 90)), nil, 1)
	l.best = slices.Clone(l.in.start)
	l.bestCost = l.in.lowerBound() + 100
	if l.feesMatter() {
		t.Error("nothing moved, but fees matter")
	}
	l.best[0] = 39
	if !l.feesMatter() {
		t.Error("a fee of 21 in a gap of 100 doesn't matter")
	}
	l.bestCost += 1000
	if l.feesMatter() {
		t.Error("a fee of 21 in a gap of 1100 matters")
	}
}

// TestRoomyFleetsAreCooledToTheScaleOfFees: others end where they did.
func TestRoomyFleetsAreCooledToTheScaleOfFees(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		use        int64
		home       float64
		cold, want float64
	}{{"tight", 99, 1.2, 5000, 1.2}, {"roomy", 90, 1.2, 1.9, homeRoomy}, {"roomy, short", 90, 12, 1.9, 12}} {
		s := schedule{cold: 5000, home: c.home}
		s.chill(compiled(t, racks(40, c.use)))
		if math.Abs(s.cold/c.cold-1) > 0.2 || s.home != c.want {
			t.Errorf("%s: ends at %g with homesickness %g, want %g and %g", c.name, s.cold, s.home, c.cold, c.want)
		}
	}
}
