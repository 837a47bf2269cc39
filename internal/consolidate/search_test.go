package consolidate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// testSearcher is a placement of VMs at random on the first hosts.
func testSearcher(t testing.TB, vms, hosts int, seed uint64) *searcher {
	t.Helper()
	c := testFleet(2*hosts, vms)
	p := mustNew(t, c)
	r := rand.New(rand.NewPCG(seed, 3))
	p.tick = 0
	for _, row := range testDay(vms, 12, seed) {
		p.observe(row, true)
	}
	for v := range p.at {
		p.at[v] = 2*r.IntN(hosts) + 1
	}
	s, err := p.prepare()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkLoads compares what is kept of every host with its members.
func checkLoads(t *testing.T, s *searcher) {
	t.Helper()
	seen := 0
	for h, members := range s.members {
		var want load
		for _, v := range members {
			want = want.plus(s.vms[v])
			for _, r := range s.near[v] {
				if slices.Contains(members, r.vm) {
					want.variance += r.covariance
				}
			}
			seen++
			if s.at[v] != h {
				t.Fatalf("VM %d is among host %d's members but at %d", v, h, s.at[v])
			}
		}
		if got := s.load[h]; math.Abs(got.mean-want.mean) > 1e-6 || math.Abs(got.variance-want.variance) > 1e-3 || math.Abs(got.now-want.now) > 1e-6 {
			t.Fatalf("host %d: load %+v, members make %+v", h, got, want)
		}
		cost := 0.0
		if len(members) > 0 {
			cost, _ = s.evaluate(h, want)
		}
		if math.Abs(s.cost[h]-cost) > 1e-6*(1+cost) {
			t.Fatalf("host %d: cost %v, want %v", h, s.cost[h], cost)
		}
	}
	if seen != len(s.vms) {
		t.Fatalf("%d of %d VMs are somewhere", seen, len(s.vms))
	}
}

// total is what a placement costs with the fees of all moves.
func total(s *searcher) (sum float64) {
	for h := range s.cost {
		sum += s.cost[h]
	}
	for v, h := range s.at {
		sum += s.feeFor(v, h)
	}
	return sum
}

func TestEveryStepOfTheSearchPays(t *testing.T) {
	for seed := range uint64(4) {
		s := testSearcher(t, 120, 5, seed)
		before := total(s)
		for range 200 {
			s.listOn()
			was := total(s)
			var did step
			for _, a := range s.on {
				for _, b := range s.on {
					if a < b && did.gain == 0 {
						if best := s.look(a, b); best.gain > minGain {
							did = best
							s.apply(best)
						}
					}
				}
			}
			if did.gain == 0 {
				break
			}
			if now := total(s); math.Abs(was-did.gain-now) > 1e-6*was {
				t.Fatalf("seed %d: a step of gain %v took the cost from %v to %v", seed, did.gain, was, now)
			}
		}
		checkLoads(t, s)
		if after := total(s); after >= before {
			t.Errorf("seed %d: cost %v, before %v", seed, after, before)
		}
	}
}

func TestOptimiseNeverCostsMore(t *testing.T) {
	for seed := range uint64(6) {
		s := testSearcher(t, 100, 4+4*int(seed), seed)
		before := total(s)
		order := []int{}
		for h := range s.hosts {
			order = append(order, h)
		}
		s.optimise(order)
		checkLoads(t, s)
		if after := total(s); after > before {
			t.Errorf("seed %d: cost %v, before %v", seed, after, before)
		}
	}
}

func TestTryingAnEvacuationLeavesNoTrace(t *testing.T) {
	s := testSearcher(t, 90, 20, 7)
	s.listOn()
	at, members := slices.Clone(s.at), slices.Clone(s.members[s.on[2]])
	before := total(s)
	for _, h := range s.on {
		s.tryEvacuate(h, math.Inf(-1), false)
	}
	if !slices.Equal(at, s.at) || !slices.Equal(members, s.members[s.on[2]]) {
		t.Error("a VM is elsewhere")
	}
	checkLoads(t, s)
	if after := total(s); math.Abs(after-before) > 1e-6*before {
		t.Errorf("cost %v, before %v", after, before)
	}
}

func TestEvacuationSavesWhatItSays(t *testing.T) {
	s := testSearcher(t, 60, 24, 7)
	before := total(s)
	h := s.evacuate()
	if h < 0 {
		t.Fatal("24 hosts for 60 small VMs, and none is worth emptying")
	}
	if len(s.members[h]) > 0 || total(s) >= before {
		t.Errorf("host %d keeps %d VMs; cost %v, before %v", h, len(s.members[h]), total(s), before)
	}
	checkLoads(t, s)
}

func TestOpeningRelievesAnOverload(t *testing.T) {
	s := testSearcher(t, 200, 3, 7)
	before := total(s)
	if !s.open([]int{1, 3, 5, 0, 2}) {
		t.Fatal("three hosts for 200 VMs, and no other is worth opening")
	}
	if total(s) >= before {
		t.Errorf("cost %v, before %v", total(s), before)
	}
	checkLoads(t, s)
	if s.open([]int{1, 3, 5}) {
		t.Error("opened a host that is in use")
	}
}

func TestAWayBackIsFree(t *testing.T) {
	s := testSearcher(t, 40, 6, 7)
	home := s.at[0]
	away := s.at[slices.IndexFunc(s.at, func(h int) bool { return h != home })]
	if s.feeFor(0, home) != 0 || s.feeFor(0, away) < DefaultTuning().MoveWattTicks {
		t.Errorf("fees %v and %v", s.feeFor(0, home), s.feeFor(0, away))
	}
	before := total(s)
	s.put(0, away)
	s.put(0, home)
	if after := total(s); math.Abs(after-before) > 1e-9*before {
		t.Errorf("there and back: cost %v, before %v", after, before)
	}
}

func TestHopesAreTheBestInOrder(t *testing.T) {
	s := testSearcher(t, 10, 2, 1)
	for i := range s.hopes {
		s.hopes[i] = step{v: -1}
	}
	for _, g := range []float64{3, 9, -1, 5, 7, 1, 8} {
		s.hope(step{gain: g, v: int(g)})
	}
	for i, want := range []int{9, 8, 7, 5} {
		if s.hopes[i].v != want {
			t.Errorf("hope %d is %d, want %d", i, s.hopes[i].v, want)
		}
	}
}
