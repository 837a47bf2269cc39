package saga_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/saga"
)

// The model checker plays every interleaving of what can happen to a plan: a
// command acts, ends well or badly at any point between two acts, is never
// begun, or goes on after its owner has died; its outcome is delivered, lost or
// delivered twice; time passes; the executor is killed and another takes over.
// The number of things going wrong is bounded, everything else isn't.

// universe is one state of everything.
type universe struct {
	fleet []byte // the saga's snapshot: what is durable
	sites []site
	run   []running    // commands under way
	mail  []model.Step // outcomes on their way
	wrong int          // things that may still go wrong
	ended model.PlanState
	left  int
}

// running is a command under way; dead marks those whose owner is gone, so that
// nobody hears of their end.
type running struct {
	step model.Step
	dead bool
}

// checker explores universes.
type checker struct {
	t      *testing.T
	config saga.Config
	// fences: targets refuse commands older than one taken. Without it, and
	// without deadlines, a zombie can break everything (the negative control).
	fences bool
	// kinds of trouble that are played
	seen   map[string]bool
	ends   map[model.PlanState]int
	limit  int
	trace  []string
	broken string
}

func (u *universe) clone() *universe {
	c := *u
	c.sites = slices.Clone(u.sites)
	c.run = slices.Clone(u.run)
	c.mail = slices.Clone(u.mail)
	return &c
}

func (u *universe) key() string {
	var b strings.Builder
	b.Write(u.fleet)
	fmt.Fprintf(&b, "|%v|%d", u.sites, u.wrong)
	for _, r := range u.run {
		fmt.Fprintf(&b, "|%s %t", r.step.ID, r.dead)
	}
	for _, m := range u.mail {
		fmt.Fprintf(&b, "|%s %s", m.ID, m.Phase)
	}
	return b.String()
}

// restore returns the fleet of a universe.
func (c *checker) restore(u *universe) *saga.Fleet {
	f := saga.NewFleet("f", c.config)
	if err := f.UnmarshalBinary(u.fleet); err != nil {
		c.t.Fatal(err)
	}
	return f
}

// keep makes a call's effects part of the universe.
func (c *checker) keep(u *universe, f *saga.Fleet, effects []saga.Effect) {
	for _, e := range effects {
		switch {
		case e.Step != nil && (e.Step.Phase == model.PhaseIntent || e.Step.Phase == model.PhaseResume):
			c.give(u, *e.Step)
		case e.Outcome != nil && e.Outcome.Kind == model.OutcomePlan && e.Outcome.State.Ended():
			u.ended, u.left = e.Outcome.State, len(e.Outcome.Left)
		}
	}
	snapshot, err := f.AppendBinary(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	u.fleet = snapshot
}

// give hands a command to its target. A target that fences ends what is older
// and refuses what is stale.
func (c *checker) give(u *universe, step model.Step) {
	s := &u.sites[step.MoveIndex]
	if step.Sequence() < s.taken && c.fences {
		return
	}
	s.taken = max(s.taken, step.Sequence())
	if c.fences {
		u.run = slices.DeleteFunc(u.run, func(r running) bool {
			return r.step.MoveIndex == step.MoveIndex && r.step.Sequence() < step.Sequence()
		})
	}
	if !slices.ContainsFunc(u.run, func(r running) bool { return r.step.ID == step.ID && !r.dead }) {
		u.run = append(u.run, running{step: step})
	}
}

// fail stops the exploration with the way that led here.
func (c *checker) fail(u *universe, format string, args ...any) {
	if c.broken == "" {
		c.broken = fmt.Sprintf(format, args...) + fmt.Sprintf("\nsites %+v\n%s", u.sites, strings.Join(c.trace, "\n"))
	}
}

// explore visits everything that can follow a universe.
func (c *checker) explore(u *universe) {
	if c.broken != "" {
		return
	}
	key := u.key()
	if c.seen[key] {
		return
	}
	if c.seen[key] = true; len(c.seen) > c.limit {
		c.t.Fatalf("more than %d states", c.limit)
	}
	c.served(u)
	c.bounded(u)
	if u.ended != "" && len(u.run) == 0 {
		c.judge(u)
		return
	}
	moved := false
	next := func(what string, change func(*universe)) {
		moved = true
		v := u.clone()
		c.trace = append(c.trace, what)
		change(v)
		c.explore(v)
		c.trace = c.trace[:len(c.trace)-1]
	}
	for i := range u.run {
		c.commandChoices(u, i, next)
	}
	for i := range u.mail {
		c.mailChoices(u, i, next)
	}
	if u.ended == "" {
		c.timeChoices(u, next)
	}
	if !moved && u.ended == "" {
		c.fail(u, "nothing can happen and the plan hasn't ended")
	}
}

// served checks that nobody is left without service but while the cut-over, or
// what takes it back, is under way or about to be tried again.
func (c *checker) served(u *universe) {
	for i := range u.sites {
		if u.sites[i].serving() >= 0 || u.ended == model.PlanParked {
			continue
		}
		handing := false
		for _, v := range c.restore(u).Plans() {
			kind := v.Moves[i].Step
			handing = handing || kind == model.StepCutOver || kind == model.StepReverseCutOver
		}
		if !handing {
			c.fail(u, "nobody serves, and no hand-over is under way")
		}
	}
}

// bounded checks that no more moves are under way at a server than may be: those
// that have been given a command and haven't ended.
func (c *checker) bounded(u *universe) {
	limit := c.config.Limits.PerServer
	if limit <= 0 || u.ended != "" {
		return
	}
	under := map[model.ServerID]int{}
	for _, v := range c.restore(u).Plans() {
		for i := range v.Moves {
			m := &v.Moves[i]
			if m.Waiting && m.Step == model.StepAdmit || m.Phase != "running" && m.Phase != "undoing" {
				continue
			}
			under[m.Move.From]++
			under[m.Move.To]++
		}
	}
	for server, n := range under {
		if n > limit {
			c.fail(u, "%d moves under way at server %s, which may have %d", n, server, limit)
		}
	}
}

// commandChoices: a command acts, fails where it stands, or its end is reported.
func (c *checker) commandChoices(u *universe, i int, next func(string, func(*universe))) {
	step := u.run[i].step
	next("act "+string(step.ID), func(v *universe) {
		done, failed, broken := v.sites[step.MoveIndex].act(step.Kind, step.Leg())
		if broken != "" {
			c.fail(v, "%s: %s", step.ID, broken)
		}
		if done || failed {
			v.end(i, failed)
		}
	})
	if u.wrong > 0 {
		next("fail "+string(step.ID), func(v *universe) { v.wrong--; v.end(i, true) })
		next("lose "+string(step.ID), func(v *universe) { v.wrong--; v.run = slices.Delete(v.run, i, i+1) })
	}
}

// end takes a command that has ended out and mails its outcome.
func (u *universe) end(i int, failed bool) {
	r := u.run[i]
	u.run = slices.Delete(u.run, i, i+1)
	if r.dead {
		return
	}
	r.step.Phase = model.PhaseDone
	if failed {
		r.step.Phase = model.PhaseFailed
	}
	u.mail = append(u.mail, r.step)
}

// mailChoices: an outcome arrives, perhaps twice.
func (c *checker) mailChoices(u *universe, i int, next func(string, func(*universe))) {
	step := u.mail[i]
	deliver := func(v *universe) {
		f := c.restore(v)
		step.At = 0 // the saga's own time goes on
		c.keep(v, f, f.Outcome(step))
	}
	what := string(step.ID) + " " + string(step.Phase)
	next("deliver "+what, func(v *universe) { v.mail = slices.Delete(v.mail, i, i+1); deliver(v) })
	if u.wrong > 0 {
		next("deliver twice "+what, func(v *universe) { v.wrong--; deliver(v) })
		next("lose outcome "+what, func(v *universe) { v.wrong--; v.mail = slices.Delete(v.mail, i, i+1) })
	}
}

// timeChoices: the next timer fires; the executor is killed and replaced.
func (c *checker) timeChoices(u *universe, next func(string, func(*universe))) {
	f := c.restore(u)
	pending := f.Pending()
	// A deadline only passes while something hangs: that is trouble unless the
	// command or its outcome is lost already.
	hangs := len(u.run) > 0 || len(u.mail) > 0
	if at, ok := f.NextTimer(); ok && (!hangs || u.wrong > 0) {
		next(fmt.Sprintf("time %d", at), func(v *universe) {
			if hangs {
				v.wrong--
			}
			f := c.restore(v)
			c.keep(v, f, f.Advance(at))
		})
	}
	if u.wrong > 0 && len(pending) > 0 {
		next("take over", func(v *universe) {
			v.wrong--
			v.mail = nil
			for i := range v.run {
				v.run[i].dead = true
			}
			if c.fences { // asking for the status fences the old owner's epoch
				v.run = nil
			}
			f := c.restore(v)
			c.keep(v, f, f.TakeOver(0)) // the saga's own time goes on
		})
	}
}

// judge checks an end.
func (c *checker) judge(u *universe) {
	c.ends[u.ended]++
	for i := range u.sites {
		s := &u.sites[i]
		var want, gone int
		switch u.ended {
		case model.PlanSucceeded:
			want, gone = 1, 0
		case model.PlanRolledBack:
			want, gone = 0, 1
		case model.PlanParked:
			if u.left == 0 {
				c.fail(u, "parked, and nothing said to be left")
			}
			continue
		default:
			c.fail(u, "ended %s", u.ended)
			return
		}
		if s.serving() != want || s.hosts[gone].present {
			c.fail(u, "ended %s", u.ended)
		}
	}
}

// check explores a plan from its start with so much trouble.
func check(t *testing.T, p model.Plan, trouble int, fences bool, perServer int) *checker {
	config := saga.DefaultConfig()
	if perServer > 0 {
		config.Limits.PerServer = perServer
	}
	config.Attempts, config.CutOverAttempts, config.UndoAttempts = 2, 1, 2
	config.BackOff, config.BackOffMax, config.Watch = time.Millisecond, time.Millisecond, 0
	c := &checker{t: t, config: config, fences: fences, seen: make(map[string]bool), ends: make(map[model.PlanState]int), limit: 2_000_000}
	u := &universe{wrong: trouble}
	for range p.Moves {
		u.sites = append(u.sites, newSite())
	}
	f := saga.NewFleet("f", config)
	c.keep(u, f, f.Submit(p, start))
	c.explore(u)
	return c
}

func TestEveryInterleavingEndsWell(t *testing.T) {
	one, reversing, two := plan("p", 1), plan("p", 1), plan("p", 2)
	reversing.Moves[0].ReverseAfterPivot = true
	two.Moves[1].After = []int{0}
	shared := plan("p", 2)
	shared.Moves[1].From = shared.Moves[0].From
	for _, c := range []struct {
		name      string
		plan      model.Plan
		trouble   int
		perServer int
	}{{"one move", one, 3, 0}, {"one that reverses", reversing, 3, 0}, {"one after another", two, 2, 0}, {"two at a server that may have one", shared, 2, 1}} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() {
				c.trouble--
			}
			got := check(t, c.plan, c.trouble, true, c.perServer)
			t.Logf("%d states, ends %v", len(got.seen), got.ends)
			if got.broken != "" {
				t.Fatal(got.broken)
			}
			if got.ends[model.PlanSucceeded] == 0 || got.ends[model.PlanRolledBack] == 0 {
				t.Errorf("ends %v: some are never reached", got.ends)
			}
		})
	}
}

func TestZombiesAreFound(t *testing.T) {
	reversing := plan("p", 1)
	reversing.Moves[0].ReverseAfterPivot = true
	if got := check(t, reversing, 3, false, 0); got.broken == "" {
		t.Error("targets that take stale commands do no harm: the checker is blind")
	}
}

// TestBrokenLimitsAreFound lets the checker demand a limit that the sagas don't
// know.
func TestBrokenLimitsAreFound(t *testing.T) {
	shared := plan("p", 2)
	shared.Moves[1].From = shared.Moves[0].From
	config := saga.DefaultConfig()
	config.Limits.PerServer = 2
	c := &checker{t: t, config: config, fences: true, seen: make(map[string]bool), ends: make(map[model.PlanState]int), limit: 100_000}
	u := &universe{sites: []site{newSite(), newSite()}}
	f := saga.NewFleet("f", config)
	c.keep(u, f, f.Submit(shared, start))
	c.config.Limits.PerServer = 1
	if c.bounded(u); c.broken == "" {
		t.Error("two moves at a server that may have one: the checker is blind")
	}
}
