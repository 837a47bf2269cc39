package saga_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"drover/internal/model"
	"drover/internal/saga"
)

// player does random things to a fleet; the same bytes do the same things.
type player struct {
	fleet *saga.Fleet
	now   model.Instant
	open  []model.Step
	trace bytes.Buffer
	plans int
	// outcomes are all that were published.
	outcomes []model.Outcome
	limit    saga.Limits
	check    func(format string, args ...any)
}

// playerConfig has limits that bite.
func playerConfig() saga.Config {
	c := saga.DefaultConfig()
	c.Limits = saga.Limits{PerFleet: 5, PerServer: 2, PerLink: 1, PerApplication: 1}
	return c
}

// act does one thing that the byte chooses.
func (p *player) act(b byte) {
	p.now += model.Instant(b) * 10
	switch b % 8 {
	case 0:
		p.plans++
		p.take(p.fleet.Submit(randomPlan(p.plans, int(b/8)), p.now))
	case 1:
		kinds := []model.ControlKind{
			model.ControlApprove, model.ControlPause, model.ControlResume, model.ControlStop, model.ControlKill,
			model.ControlRevive, model.ControlReject, model.ControlLimit,
		}
		modes := []model.StopMode{model.StopFinish, model.StopCompensate, model.StopLeave}
		c := model.Control{
			Fleet: "f", ID: fmt.Sprint(p.now, b), Kind: kinds[int(b/8)%len(kinds)], Mode: modes[int(b/8)%3], At: p.now,
			Plan: model.PlanID(fmt.Sprintf("p%d", 1+int(b/64)%max(p.plans, 1))), Wave: int(b/32) % 2,
			Moves: 1 + int(b/16)%5, BytesPerSecond: int64(b),
		}
		if b/8%5 == 0 {
			c.Plan = ""
		}
		p.take(p.fleet.Control(c))
	case 2:
		if b/8%4 == 0 {
			p.take(p.fleet.TakeOver(p.now))
		}
		p.take(p.fleet.Advance(p.now))
	case 3:
		if b/8%3 == 2 {
			id := model.PlanID(fmt.Sprintf("p%d", 1+int(b/64)%max(p.plans, 1)))
			p.take(p.fleet.Amend(id, []model.DroppedMove{{Index: int(b/16) % 4, Reason: "wrong"}}, p.now))
			return
		}
		p.take(p.fleet.Pressure("s1", b/8%2 == 0, p.now))
	default:
		if len(p.open) == 0 {
			return
		}
		i := int(b/8) % len(p.open)
		s := p.open[i]
		s.At, s.Phase = p.now, model.PhaseDone
		if b%8 == 7 {
			s.Phase, s.Reason = model.PhaseFailed, "by chance"
		}
		if b%8 != 6 { // else it will be delivered once more
			p.open = append(p.open[:i], p.open[i+1:]...)
		}
		p.take(p.fleet.Outcome(s))
	}
}

// randomPlan returns a plan of a few moves among a few servers.
func randomPlan(n, shape int) model.Plan {
	p := model.Plan{Fleet: "f", ID: model.PlanID(fmt.Sprintf("p%d", n)), NeedsApproval: shape%7 == 0, KeepCompleted: shape%3 == 0}
	for i := range 1 + shape%4 {
		app := model.ApplicationID(fmt.Sprintf("app%d", (shape+i)%9))
		p.Moves = append(p.Moves, model.Move{
			Index: i, Application: app, Replica: model.NewReplicaID(app, i), Wave: i / 2, ReverseAfterPivot: shape%2 == 0,
			From: model.ServerID(fmt.Sprintf("s%d", (shape+i)%4)), To: model.ServerID(fmt.Sprintf("s%d", (shape+i+1+shape%3)%4)),
		})
	}
	return p
}

func (p *player) take(effects []saga.Effect) {
	for _, e := range effects {
		if e.Outcome != nil {
			p.outcomes = append(p.outcomes, *e.Outcome)
			fmt.Fprintf(&p.trace, "%+v\n", *e.Outcome)
			continue
		}
		fmt.Fprintf(&p.trace, "%+v\n", *e.Step)
		if e.Step.Phase == model.PhaseIntent {
			p.open = append(p.open, *e.Step)
		}
	}
	p.limits()
}

// limits checks that no limit is broken and no two plans move one application.
func (p *player) limits() {
	servers, links, apps, total := map[model.ServerID]int{}, map[string]int{}, map[model.ApplicationID]model.PlanID{}, 0
	for _, s := range p.fleet.Pending() {
		_, m, ok := p.fleet.Command(s)
		if !ok || m.Replica == "" {
			continue
		}
		total++
		servers[m.From]++
		servers[m.To]++
		links[fmt.Sprint(min(m.From, m.To), max(m.From, m.To))]++
		if other, ok := apps[m.Application]; ok {
			p.check("application %s is moved by %s and by %s at once", m.Application, other, s.Plan)
		}
		apps[m.Application] = s.Plan
	}
	for s, n := range servers {
		if n > p.limit.PerServer {
			p.check("%d moves at server %s", n, s)
		}
	}
	for l, n := range links {
		if n > p.limit.PerLink {
			p.check("%d moves on link %s", n, l)
		}
	}
	if total > p.limit.PerFleet {
		p.check("%d moves in the fleet", total)
	}
}

func newPlayer(check func(string, ...any)) *player {
	config := playerConfig()
	return &player{fleet: saga.NewFleet("f", config), now: start, limit: config.Limits, check: check}
}

// play does everything; restart says where the state goes through a snapshot.
func play(t testing.TB, actions []byte, restart func(i int) bool) string {
	p := newPlayer(t.Fatalf)
	for i, b := range actions {
		p.act(b)
		if restart(i) {
			snapshot, err := p.fleet.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			p.fleet = saga.NewFleet("", playerConfig())
			if err := p.fleet.UnmarshalBinary(snapshot); err != nil {
				t.Fatal(err)
			}
			again, err := p.fleet.AppendBinary(nil)
			if err != nil || !bytes.Equal(snapshot, again) {
				t.Fatalf("a restored state has other bytes (%v)", err)
			}
		}
	}
	return p.trace.String()
}

func TestRestartsChangeNothing(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 2))
		actions := make([]byte, 400)
		for i := range actions {
			actions[i] = byte(random.Uint32())
		}
		straight := play(t, actions, func(int) bool { return false })
		if again := play(t, actions, func(int) bool { return false }); again != straight {
			t.Fatalf("seed %d: the same events give other effects", seed)
		}
		if restarted := play(t, actions, func(i int) bool { return i%3 == 0 }); restarted != straight {
			t.Fatalf("seed %d: restarts change the effects", seed)
		}
	}
}

func FuzzFleet(f *testing.F) {
	f.Add([]byte{0, 4, 4, 4, 7, 2, 8, 12, 1})
	f.Add([]byte{24, 4, 4, 4, 4, 7, 7, 7, 255, 2, 2, 25})
	f.Fuzz(func(t *testing.T, actions []byte) {
		if len(actions) > 500 {
			actions = actions[:500]
		}
		play(t, actions, func(i int) bool { return i%7 == 0 })
	})
}

func FuzzUnmarshalBinary(f *testing.F) {
	fleet := saga.NewFleet("f", saga.DefaultConfig())
	fleet.Submit(waves(2), start)
	fleet.Pressure("s1", true, start)
	snapshot, _ := fleet.AppendBinary(nil)
	f.Add(snapshot)
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		got := saga.NewFleet("", saga.DefaultConfig())
		if got.UnmarshalBinary(b) != nil {
			return
		}
		// What can be read can be gone on with, and written again.
		got.Advance(got1(got.NextTimer()))
		for _, s := range got.Pending() {
			s.Phase = model.PhaseDone
			got.Outcome(s)
		}
		got.Plans()
		first, err := got.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		again := saga.NewFleet("", saga.DefaultConfig())
		if err := again.UnmarshalBinary(first); err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
	})
}

func got1(at model.Instant, _ bool) model.Instant { return at }

func TestSnapshotErrors(t *testing.T) {
	fleet := saga.NewFleet("f", saga.DefaultConfig())
	fleet.Submit(plan("p1", 1), start)
	good, err := fleet.AppendBinary([]byte("kept"))
	if err != nil || !bytes.HasPrefix(good, []byte("kept")) {
		t.Fatalf("append: %v", err)
	}
	good = good[4:]
	for n := range good {
		if err := saga.NewFleet("", saga.DefaultConfig()).UnmarshalBinary(good[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are taken", n, len(good))
		}
	}
	if err := saga.NewFleet("", saga.DefaultConfig()).UnmarshalBinary(append(good, 0)); err == nil {
		t.Error("a byte too many is taken")
	}
}

func TestPressureLowersAndRaises(t *testing.T) {
	config := saga.DefaultConfig()
	config.Limits = saga.Limits{PerServer: 4}
	w := newWorld(t, config)
	p := plan("p1", 8)
	for i := range p.Moves {
		p.Moves[i].To = "hot"
	}
	w.perform = func(model.Step) (model.Instant, string) { return 1_000_000_000, "" }
	w.take(w.fleet.Pressure("hot", true, start))
	w.submit(p)
	for _, c := range []struct {
		hurt bool
		want int
	}{{true, 2}, {false, 2}, {false, 3}, {false, 4}, {false, 4}} {
		w.take(w.fleet.Pressure("hot", c.hurt, start))
		if got := len(w.fleet.Pending()); got != c.want {
			t.Errorf("hurt %t: %d moves run, want %d", c.hurt, got, c.want)
		}
	}
}

func TestProgress(t *testing.T) {
	w := newWorld(t, saga.DefaultConfig())
	p := waves(2)
	for i := range p.Moves {
		p.Moves[i].DataBytes, p.Moves[i].ExpectDuration = 100, 60_000_000_000
	}
	w.submit(p)
	w.run(start + 9000)
	v := w.fleet.Plans()[0]
	if v.Moved != 1 || v.MovedBytes != 100 || v.Bytes != 200 || v.TimeLeft.Seconds() != 60 || v.Moves[1].Step != model.StepReplicate {
		t.Errorf("progress %+v", v)
	}
	if v.Moves[0].Phase != "moved" || v.Moves[0].Server != "t0" || v.Moves[1].Server != "s1" || v.Moves[1].Waiting {
		t.Errorf("moves %+v", v.Moves)
	}
}
