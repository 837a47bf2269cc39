package scenario

import (
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// "Never worse than doing nothing" is kept by several layers, each of which would
// hide that another is gone. Here each is asked by itself.

// layered is a fleet, its present placement in the futures of its policy, and the
// indices of its replicas by name.
func layered(v View, cfg Config) (f *fleet, status *state, at map[model.ReplicaID]int) {
	f = newFleet(v, cfg.WithDefaults())
	futures, _ := f.reduce(f.generate())
	at = map[model.ReplicaID]int{}
	for r, rep := range f.replicas {
		at[rep.id] = r
	}
	return f, f.statusQuo(futures), at
}

// halves is two servers with two replicas each, that fit one server by three.
func halves() View {
	return testView([]model.Server{testServer("s1", "a"), testServer("s2", "a")},
		[]model.Application{testApplication("a", 2500), testApplication("b", 2500), testApplication("c", 2500), testApplication("d", 2500)},
		map[string]string{"a/0": "s1", "b/0": "s1", "c/0": "s2", "d/0": "s2"})
}

// answering is a solver that always gives the same placement, in the order of the
// problem's items.
func answering(bins ...int) Solve {
	return func(*model.Problem, Budget) (model.Answer, error) {
		return model.Answer{Assignment: slices.Clone(bins)}, nil
	}
}

// The search keeps the present placement where the solver's breaks more, and where
// it is as good but has to be moved to.
func TestTheSearchKeepsWhatThereIsWhereNothingIsBetter(t *testing.T) {
	for name, answer := range map[string][]int{"overloaded": {0, 0, 0, 0}, "swapped": {1, 1, 0, 0}, "in part": {0, 1, 1, 0}} {
		f, status, _ := layered(halves(), Config{})
		best, _, err := f.search(status, answering(answer...))
		if err != nil || !slices.Equal(best.place, f.start) {
			t.Errorf("%s: the search takes %v over %v (%v)", name, best.place, f.start, err)
		}
	}
}

// What is cheaper to be in, but not by what it costs to get there, is not better.
func TestTheSearchCountsTheWayThere(t *testing.T) {
	v := halves()
	cheap := testServer("s3", "a")
	cheap.CostMicrosPerHour, cheap.Power = 1, nil
	v.Servers["s3"], v.Applications["e"], v.Placement["e/0"] = cheap, testApplication("e", 500), "s3"
	for _, a := range []model.ApplicationID{"a", "b"} {
		request(&v, a, model.CPU, 1000)
	}
	for id, s := range v.Servers {
		s.Power = nil
		v.Servers[id] = s
	}
	f, status, at := layered(v, Config{})
	there := status.again()
	there.move(at["e/0"], 0)
	if there.total.compare(status.total) >= 0 || there.withMoves().compare(status.withMoves()) <= 0 {
		t.Fatalf("the case is none: %+v, with its move %+v, staying %+v", there.total, there.withMoves(), status.total)
	}
	if best, _, err := f.search(status, answering(there.place...)); err != nil || len(best.moved()) > 0 {
		t.Errorf("%v, %v", best.place, err)
	}
}

// And it takes one that is better, so that keeping is no accident.
func TestTheSearchTakesWhatIsBetter(t *testing.T) {
	v := halves()
	for _, a := range []model.ApplicationID{"a", "b", "c", "d"} {
		request(&v, a, model.CPU, 1000)
	}
	f, status, _ := layered(v, Config{})
	if best, _, err := f.search(status, answering(0, 0, 0, 0)); err != nil || !slices.Equal(best.place, []int{0, 0, 0, 0}) {
		t.Errorf("%v, %v", best.place, err)
	}
}

// A replica that may not move stays, whatever the solver says; one without a place
// too; and an answer for another fleet is an error.
func TestAnAnswerIsHeldAgainstTheFleet(t *testing.T) {
	v := halves()
	v.RecentMoves = []RecentMove{{"a/0", "a", noon.Add(-time.Minute)}}
	f, status, _ := layered(v, Config{})
	f.hysteresis()
	st, err := f.stateOf(model.Answer{Assignment: []int{1, model.Unplaced, 0, 1}}, status)
	if err != nil || !slices.Equal(st.place, []int{0, 0, 0, 1}) {
		t.Errorf("%+v, %v", st, err)
	}
	for name, bins := range map[string][]int{"too few": {0}, "no such server": {0, 0, 0, 2}, "a negative one": {0, 0, 0, -7}} {
		if _, err := f.stateOf(model.Answer{Assignment: bins}, status); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// A server is left as it was where emptying it saves nothing, or not all of it can
// leave: every half-made attempt is taken back.
func TestEmptyingTakesBackWhatDoesNotPay(t *testing.T) {
	free := halves() // nothing is saved by an empty server, but moves cost
	for id, s := range free.Servers {
		s.CostMicrosPerHour, s.Power = 0, nil
		free.Servers[id] = s
	}
	for _, a := range []model.ApplicationID{"a", "b", "c", "d"} {
		request(&free, a, model.CPU, 1000)
	}
	for name, v := range map[string]View{"nothing saved": free, "half of it": halves()} {
		f, status, _ := layered(v, Config{})
		b := newBuilder(status)
		all, byApp := f.budgets()
		st := status.again()
		b.emptyServers(st, all, byApp)
		if moved := st.moved(); len(moved) > 0 || st.total != status.total {
			t.Errorf("%s: %d replicas have left, %+v in place of %+v", name, len(moved), st.total, status.total)
		}
	}
}

// A server that is cheaper for its size is opened where it empties dear ones: as
// many as it has room for, none of them in part, and none where all they save is
// less than it costs.
func TestACheaperServerIsOpenedOnlyForWholeServersAndWhereThatPays(t *testing.T) {
	for name, c := range map[string]struct {
		s4   model.Server
		want []int // replicas by server
	}{
		"room for one and a half": {model.Server{Capacity: model.Vector{model.CPU: 5000}, CostMicrosPerHour: 250_000}, []int{0, 2, 2, 2}},
		"more than all save":      {model.Server{Capacity: model.Vector{model.CPU: 16_000}, CostMicrosPerHour: 1_500_000}, []int{2, 2, 2, 0}},
	} {
		v := packable(true)
		c.s4.ID = "s4"
		v.Servers["s4"] = c.s4
		f, status, _ := layered(v, Config{})
		b := newBuilder(status)
		all, byApp := f.budgets()
		st := status.again()
		b.emptyServers(st, all, byApp)
		var got []int
		for s := range f.servers {
			got = append(got, len(st.on[s]))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: replicas by server are %v, want %v", name, got, c.want)
		}
	}
}

// Of a placement that pays as a whole the moves that add nothing are taken back.
func TestUselessMovesOfAGoodPlacementAreTakenBack(t *testing.T) {
	v := halves()
	v.Servers["s3"], v.Servers["s4"] = testServer("s3", "a"), testServer("s4", "a")
	v.Applications["e"], v.Placement["e/0"] = testApplication("e", 500), "s3"
	f, status, at := layered(v, Config{})
	target := status.again()
	target.move(at["e/0"], f.serverAt["s1"]) // empties s3
	target.move(at["c/0"], f.serverAt["s4"]) // opens s4 for nothing
	chosen, _ := f.selectMoves(status, target)
	if moved := chosen.moved(); !slices.Equal(moved, []int{at["e/0"]}) {
		t.Errorf("kept are the moves of %v, want that of e alone", moved)
	}
}

// Under guard rails moves are taken by their servers, and those of a server that
// make nothing better are left out before any of them is weighed alone.
func TestGuardRailsTakeOnlyWhatIsBetter(t *testing.T) {
	v := halves()
	v.Servers["s3"], v.Servers["s4"] = testServer("s3", "a"), testServer("s4", "a")
	v.Applications["e"], v.Placement["e/0"] = testApplication("e", 500), "s3"
	f, status, at := layered(v, Config{})
	target := status.again()
	target.move(at["e/0"], f.serverAt["s1"])
	target.move(at["c/0"], f.serverAt["s4"])
	_, byApp := f.budgets()
	if moved := f.withinGuardRails(status, target, 10, byApp).moved(); !slices.Equal(moved, []int{at["e/0"]}) {
		t.Errorf("kept are the moves of %v, want that of e alone", moved)
	}
	if moved := f.withinGuardRails(status, target, 0, byApp).moved(); len(moved) > 0 {
		t.Errorf("no move is allowed, %v are made", moved)
	}
}

// What is weighed last is the placement that can be reached: where a move is dropped
// without which the others don't pay, nothing is done.
func TestWhatCanBeReachedHasToPayToo(t *testing.T) {
	v := halves()
	for _, a := range []model.ApplicationID{"a", "b", "c", "d"} {
		request(&v, a, model.CPU, 1000)
	}
	// s2's network has too little left for a copy: c, which has data, can't leave; d can.
	s2 := v.Servers["s2"]
	s2.Capacity[model.Transmit], s2.DisruptionConcurrency = 2_300_000, 5
	v.Servers["s2"] = s2
	d := v.Applications["d"]
	d.DataBytes = 0
	v.Applications["d"] = d
	f, status, at := layered(v, Config{})
	target := status.again()
	target.move(at["c/0"], 0)
	target.move(at["d/0"], 0)
	if _, _, reached, notes := f.schedule(status, target); len(notes) != 1 || !slices.Equal(reached.moved(), []int{at["d/0"]}) {
		t.Fatalf("the case is none: %v %v", reached.moved(), notes)
	}
	found, err := f.improve(status, answering(0, 0, 0, 0))
	if err != nil || len(found.reached.moved()) > 0 || len(found.schedule.Steps) > 0 || found.why == "" {
		t.Errorf("moved %v, why %q, %v", found.reached.moved(), found.why, err)
	}
}

// The last word: more broken promises, or the same more broken, are no bargain at
// any price; and money has to be worth it.
func TestOnlyWhatIsBetterIsWorthIt(t *testing.T) {
	f, status, at := layered(halves(), Config{MinimumBenefitMicros: 10_000})
	moved := func(change func(*score)) *state {
		st := status.again()
		st.place[at["a/0"]] = 1 // the score is given below
		change(&st.total)
		return st
	}
	gold := int64(1 << 50)
	for name, c := range map[string]struct {
		change func(*score)
		worth  bool
		why    string
	}{
		"one more promise broken": {func(s *score) { s.broken++; s.cost -= gold }, false, "no placement found breaks fewer promises"},
		"one fewer":               {func(s *score) { s.broken--; s.cost += gold }, true, ""},
		"broken more":             {func(s *score) { s.excess++; s.cost -= gold }, false, "no placement found breaks promises less"},
		"broken less":             {func(s *score) { s.excess--; s.cost += gold }, true, ""},
		"too little saved":        {func(s *score) { s.cost -= 9_999 * 1_000_000 }, false, "the least benefit"},
		"enough saved":            {func(s *score) { s.cost -= 10_000 * 1_000_000 }, true, ""},
		"dearer":                  {func(s *score) { s.cost += 1_000_000 }, false, "the least benefit"},
	} {
		if worth, why := f.worthIt(status, moved(c.change)); worth != c.worth || !strings.Contains(why, c.why) {
			t.Errorf("%s: %v, %q", name, worth, why)
		}
	}
	if worth, why := f.worthIt(status, status.again()); worth || why != "no move is worth its cost" {
		t.Errorf("staying: %v, %q", worth, why)
	}
}

// Moves cost: they are part of what a placement is compared by.
func TestMovesArePartOfThePrice(t *testing.T) {
	f, status, at := layered(halves(), Config{})
	st := status.again()
	st.move(at["a/0"], 1)
	st.move(at["c/0"], 0)
	if st.total.compare(status.total) != 0 {
		t.Fatalf("the swap of equals is priced %+v, staying %+v", st.total, status.total)
	}
	if got, want := st.withMoves().cost-status.withMoves().cost, (f.moveMicros(at["a/0"])+f.moveMicros(at["c/0"]))*1_000_000; got != want {
		t.Errorf("two moves are priced %d, want %d", got, want)
	}
}

// A beginning of the horizon is decided for alone only where the sequence breaks
// fewer promises than one placement, and not for want of moves.
func TestASequenceHasToBreakFewer(t *testing.T) {
	start := map[string]string{"a/0": "s1", "c/0": "s1", "b/0": "s2"}
	hopeless := threePhases(start)
	for _, r := range []string{"a/0", "b/0", "c/0"} {
		hours(hopeless, r, 2500, 2500, 7000, 7000, 7000, 7000) // three that need a server each
	}
	for name, c := range map[string]struct {
		view   View
		railed bool
		want   bool
	}{"three phases": {threePhases(start), false, true}, "short of moves": {threePhases(start), true, false}, "no help later": {hopeless, false, false}} {
		f, status, _ := layered(c.view, Config{})
		found, err := f.improve(status, exact)
		if err != nil || found.reached.total.broken == 0 {
			t.Fatalf("%s: one placement serves the whole horizon (%v)", name, err)
		}
		found.railed = c.railed
		if got := (turn{f, found}).prefix(exact) != nil; got != c.want {
			t.Errorf("%s: a beginning is decided for alone is %v, want %v", name, got, c.want)
		}
	}
}

// A plan that is stopped is not taken back where the placement before was no better.
func TestAStoppedPlanIsTakenBackOnlyForTheBetter(t *testing.T) {
	v, plan := threeMoves()
	v.Placement["web/0"] = "s1" // has arrived, and does no harm
	v.Begun = map[model.PlanID][]int{"p-1": {0, 1}}
	flatForecast(v, "replica:db/0", model.CPU, 7500, 7800) // api is on its way to a full server
	if got := Recheck(v, Config{}, plan); !got.Wrong || got.Back {
		t.Errorf("%+v, want it stopped where it stands", got)
	}
}

// Moves that a promise needs come before a server is handed to its update.
func TestPromisesComeBeforeUpdates(t *testing.T) {
	v := rollView()
	v.Maintenance = v.Maintenance[:1]
	v.Placement["a0/0"] = "s1" // s0 is empty and due
	if _, plan := Decide(v, Config{Stages: -1}, stay); plan == nil || plan.UpdateServer != "s0" {
		t.Fatalf("%+v, want s0 handed over", plan)
	}
	request(&v, "a0", model.CPU, 5000)
	request(&v, "a1", model.CPU, 5000) // s1 is too full
	if ev, plan := Decide(v, Config{Stages: -1}, greedy); plan == nil || plan.UpdateServer != "" || len(plan.Moves) == 0 {
		t.Errorf("%s: %+v, want s1 relieved first", ev.Reason, plan)
	}
}
