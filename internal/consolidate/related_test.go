package consolidate

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// feedErrors gives a history errors of .1 of independent VMs, but that VM 1
// moves against VM 0 with a correlation of -.7.
func feedErrors(e *errorHistory, ticks int, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 11))
	errors := make([]float64, e.vms)
	for range ticks {
		for v := range errors {
			errors[v] = .1 * r.NormFloat64()
		}
		errors[1] = float64(-.7*errors[0]) + float64(math.Sqrt(1-.7*.7)*errors[1])
		e.add(errors)
	}
}

func evenDeviations(vms int) []float64 {
	sd := make([]float64, vms)
	for v := range sd {
		sd[v] = 100
	}
	return sd
}

func TestVMsThatMoveAgainstEachOtherAreFound(t *testing.T) {
	const vms = 40
	tune := DefaultTuning().Related
	near := make([][]related, vms)
	for seed := range uint64(5) {
		e := newErrorHistory(vms)
		feedErrors(e, 150, seed)
		e.relate(near, evenDeviations(vms), &tune)
		found, chance := 0.0, 0.0
		for v, list := range near {
			for _, r := range list {
				if v < 2 && r.vm == 1-v {
					found = r.covariance
				} else {
					chance += math.Abs(r.covariance)
				}
			}
		}
		if found > -4500 || found < -8500 {
			t.Errorf("seed %d: covariance %v of the pair, want about -6300", seed, found)
		}
		if chance > 8000 {
			t.Errorf("seed %d: independent VMs are taken to have covariances of %v in all", seed, chance)
		}
	}
}

func TestNothingIsRelatedBeforeEnoughTicks(t *testing.T) {
	tune := DefaultTuning().Related
	near := make([][]related, 20)
	near[3] = []related{{4, 1}}
	e := newErrorHistory(20)
	feedErrors(e, tune.Ticks-1, 1)
	e.relate(near, evenDeviations(20), &tune)
	for v, list := range near {
		if len(list) > 0 {
			t.Errorf("VM %d: %v", v, list)
		}
	}
}

// What was forgotten leaves no trace: the sums are those of the errors kept.
func TestErrorSumsFollowFromTheErrorsKept(t *testing.T) {
	e := newErrorHistory(12)
	feedErrors(e, errorMemory+57, 3)
	if len(e.rows) != errorMemory {
		t.Fatalf("%d ticks kept, want %d", len(e.rows), errorMemory)
	}
	again := newErrorHistory(12)
	for _, row := range e.rows {
		again.addRow(row)
	}
	if !reflect.DeepEqual(e, again) {
		t.Error("other sums than from the same errors added anew")
	}
}

func TestErrorsBeyondTheSizeAreHeldAtIt(t *testing.T) {
	e := newErrorHistory(2)
	e.add([]float64{-7, 1})
	const most = errorSteps * errorSteps
	if want := []int32{most, -most, most}; !slices.Equal(e.sums, want) {
		t.Errorf("sums %v, want %v", e.sums, want)
	}
}

func TestLargeFleetsAreNotFollowed(t *testing.T) {
	e := newErrorHistory(relatedVMs + 1)
	e.add(make([]float64, relatedVMs+1))
	if e.sums != nil || len(e.rows) > 0 {
		t.Errorf("%d sums, %d ticks", len(e.sums), len(e.rows))
	}
}

// Whatever is believed of the pairs, no set of VMs may lose all its variance.
func TestBoundKeepsVariancesPositive(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 50 {
		const vms = 12
		sd, near := make([]float64, vms), make([][]related, vms)
		for v := range sd {
			sd[v] = 1 + 200*r.Float64()
			for w := range v {
				c := -r.Float64() * sd[v] * sd[w]
				near[v] = append(near[v], related{w, c})
				near[w] = append(near[w], related{v, c})
			}
		}
		bound(near, sd, .7)
		for set := range 1 << vms {
			var own, sum float64
			for v := range sd {
				if set>>v&1 == 0 {
					continue
				}
				own += sd[v] * sd[v]
				for _, o := range near[v] {
					if set>>o.vm&1 == 1 {
						sum += o.covariance
					}
				}
			}
			if own+sum < .3*own-1e-6 {
				t.Fatalf("set %b: variance %v of %v", set, own+sum, own)
			}
		}
	}
}

// relateAll gives neighbouring VMs covariances, some for, some against.
func relateAll(s *searcher) {
	for v := range s.near {
		s.near[v] = nil
	}
	for v := 0; v+3 < len(s.vms); v++ {
		for _, w := range []int{v + 1, v + 3} {
			c := .2 * math.Sqrt(s.vms[v].variance*s.vms[w].variance)
			if v%3 > 0 {
				c = -c
			}
			s.near[v] = append(s.near[v], related{w, c})
			s.near[w] = append(s.near[w], related{v, c})
		}
	}
}

// Steps say what they gain, and loads stay those of their VMs, with
// covariances as without.
func TestSearchCountsCovariances(t *testing.T) {
	for seed := range uint64(4) {
		s := testSearcher(t, 100, 5, seed)
		relateAll(s)
		s.seat(slices.Clone(s.at))
		checkLoads(t, s)
		for range 40 {
			s.listOn()
			was, did := total(s), step{}
			for i, a := range s.on {
				for _, b := range s.on[:i] {
					if best := s.look(a, b); did.gain == 0 && best.gain > minGain {
						did = best
					}
				}
			}
			if did.gain == 0 {
				break
			}
			s.apply(did)
			if now := total(s); math.Abs(was-did.gain-now) > 1e-6*was {
				t.Fatalf("seed %d: step %+v took the cost from %v to %v", seed, did, was, now)
			}
		}
		s.evacuate()
		s.open([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
		checkLoads(t, s)
	}
}

// Two VMs that move against each other share a host sooner than two that don't.
func TestOppositesAttract(t *testing.T) {
	s := testSearcher(t, 120, 4, 2)
	v, h := 0, s.at[1]
	if h == s.at[0] {
		h = s.at[slices.IndexFunc(s.at, func(x int) bool { return x != h })]
	}
	other := s.members[h][0]
	plain := s.costWith(h, v)
	c := -.6 * math.Sqrt(s.vms[v].variance*s.vms[other].variance)
	s.near[v], s.near[other] = []related{{other, c}}, []related{{v, c}}
	if with := s.costWith(h, v); with >= plain {
		t.Errorf("cost %v with a VM that moves against one there, %v without that", with, plain)
	}
}
