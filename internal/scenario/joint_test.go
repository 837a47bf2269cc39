package scenario

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"drover/internal/model"
)

// jointFleet has servers with some replicas each: mean CPU and the distance of
// its 95 % quantile, one application a replica.
func jointFleet(t *testing.T, servers [][][2]float64, edges ...model.Edge) *fleet {
	t.Helper()
	var all []model.Server
	var apps []model.Application
	placement, n := map[string]string{}, 0
	for s := range servers {
		all = append(all, testServer(fmt.Sprintf("s%03d", s), "a"))
		for range servers[s] {
			apps = append(apps, testApplication(fmt.Sprintf("a%03d", n), 100))
			placement[fmt.Sprintf("a%03d/0", n)] = fmt.Sprintf("s%03d", s)
			n++
		}
	}
	v := testView(all, apps, placement)
	n = 0
	for _, list := range servers {
		for _, r := range list {
			flatForecast(v, model.ReplicaEntity(model.ReplicaID(fmt.Sprintf("a%03d/0", n))), model.CPU, r[0], r[0]+r[1])
			n++
		}
	}
	v.Edges = edges
	return newFleet(v, Config{}.WithDefaults())
}

// highSum is what the high-load future puts on a server in the first period.
func highSum(f *fleet, server float64, s int) int64 {
	demand, background := f.base(levels{all: 0.95, server: server})
	sum := background[s*f.periods()][model.CPU]
	for i, on := range f.start {
		if on == s {
			sum += demand[i*f.periods()][model.CPU]
		}
	}
	return sum
}

func TestTheSumOnAServerIsReadAtALevel(t *testing.T) {
	var on [][2]float64
	for range 9 {
		on = append(on, [2]float64{400, 60})
	}
	f := jointFleet(t, [][][2]float64{on, on})
	root := math.Sqrt((1-commonShare)*9*60*60 + commonShare*9*60*9*60)
	for level, z := range map[float64]float64{0.95: 1, 0.99: 2.3263 / 1.6449, 0.999: 3.0902 / 1.6449} {
		want := 9*400 + z*root
		if got := float64(highSum(f, level, 0)); got < want || got > want+10 { // each replica is rounded up
			t.Errorf("level %v: %v millicores, want %.0f", level, got, want)
		}
	}
	if got := highSum(f, 0, 0); got != 9*460 {
		t.Errorf("without a level for the sum %d, want every replica at its own: %d", got, 9*460)
	}
}

func TestReplicasOfOneChainRiseTogether(t *testing.T) {
	on := [][2]float64{{400, 60}, {400, 60}, {400, 60}, {400, 60}}
	calls := func(pairs ...int) (out []model.Edge) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, model.Edge{Caller: model.ApplicationID(fmt.Sprintf("a%03d", pairs[i])),
				Callee: model.ApplicationID(fmt.Sprintf("a%03d", pairs[i+1])), CallsPerSecond: 10})
		}
		return out
	}
	apart := highSum(jointFleet(t, [][][2]float64{on}), 0.95, 0)
	chain := highSum(jointFleet(t, [][][2]float64{on}, calls(0, 1, 1, 2, 2, 3)...), 0.95, 0)
	circle := highSum(jointFleet(t, [][][2]float64{on}, calls(0, 1, 1, 2, 2, 3, 3, 0)...), 0.95, 0)
	shared := highSum(jointFleet(t, [][][2]float64{on}, calls(0, 3, 1, 3, 2, 3)...), 0.95, 0)
	if math.Abs(float64(chain)-4*460) > 5 {
		t.Errorf("one chain: %d, want the sum of all %d", chain, 4*460)
	}
	if circle < apart || circle > chain+5 {
		t.Errorf("a circle of calls: %d, chain %d", circle, chain)
	}
	if apart >= chain-80 || shared != apart {
		t.Errorf("apart %d, chain %d, with a service that three share %d", apart, chain, shared)
	}
}

// Demands that add up must never fall short of the root, wherever replicas go.
func TestPartsBoundEveryServer(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	for range 200 {
		var servers [][][2]float64
		for range 2 + rng.IntN(6) {
			var on [][2]float64
			for range rng.IntN(8) {
				on = append(on, [2]float64{100 + 900*rng.Float64(), 1 + 300*rng.Float64()*rng.Float64()})
			}
			servers = append(servers, on)
		}
		f := jointFleet(t, servers)
		for s, list := range servers {
			means, all, squares := 0.0, 0.0, 0.0
			for _, r := range list {
				means, all, squares = means+r[0], all+r[1], squares+r[1]*r[1]
			}
			z := 2.3263 / 1.6449
			root := math.Sqrt((1-commonShare)*squares + commonShare*all*all)
			got := float64(highSum(f, 0.99, s))
			if len(list) > 0 && got < means+root-0.5 {
				t.Errorf("server %d of %v: %v millicores, the sum is at %.1f at 95 %%", s, servers, got, means+root)
			}
			if !capped(f, s) && len(list) > 0 && got < means+z*root-0.5 {
				t.Errorf("server %d of %v: %v millicores, the sum is at %.1f", s, servers, got, means+z*root)
			}
		}
	}
}

// capped tells whether a replica on a server is as high as its own forecast.
func capped(f *fleet, s int) bool {
	own, _ := f.base(levels{all: 0.95})
	joint, _ := f.base(levels{all: 0.95, server: 0.99})
	for i, on := range f.start {
		if at := i * f.periods(); on == s && joint[at][model.CPU] >= own[at][model.CPU] {
			return true
		}
	}
	return false
}

// One application that nobody can foretell must not take room on every server.
func TestOneUncertainApplicationDoesNotFillTheFleet(t *testing.T) {
	calm := [][2]float64{{400, 20}, {400, 20}, {400, 20}, {400, 20}}
	with := [][2]float64{{400, 20}, {400, 20}, {400, 20}, {400, 2000}}
	f := jointFleet(t, [][][2]float64{calm, calm, with})
	if got := highSum(f, 0.99, 0); got > 4*420 {
		t.Errorf("a calm server is at %d, by each forecast alone it would be at %d", got, 4*420)
	}
	if got := highSum(f, 0.99, 2); got < 3*400+2400 || got > 3*420+2400+60 {
		t.Errorf("the server of the uncertain one is at %d", got)
	}
}

func TestForecastsAreReadOneByOneWhereSharingGainsNothing(t *testing.T) {
	// Each server carries one large uncertain replica: nothing offsets it.
	on := [][2]float64{{400, 10}, {2000, 800}}
	f := jointFleet(t, [][][2]float64{on, on, on})
	if got := highSum(f, 0.99, 0); got != 2400+810 {
		t.Errorf("%d, want every replica at its own level: %d", got, 2400+810)
	}
}

func TestSurprisesAndUntrustedForecastsAreNotShared(t *testing.T) {
	on := [][2]float64{{400, 60}, {400, 60}, {400, 60}}
	change := func(with func(*model.Forecast)) int64 {
		f := jointFleet(t, [][][2]float64{on})
		fc := f.replicas[0].series[model.CPU]
		with(fc)
		return highSum(f, 0.95, 0)
	}
	before := change(func(*model.Forecast) {})
	if got := change(func(fc *model.Forecast) { fc.Observed = 660 }) - before; got != 200 {
		t.Errorf("200 above the 95 %% quantile count as %d", got)
	}
	untrusted := change(func(fc *model.Forecast) { fc.Trusted, fc.Peak = false, 900 })
	if want := int64(900 + 2*400); untrusted < want {
		t.Errorf("a peak of 900 without a forecast and two of 400: %d, want at least %d", untrusted, want)
	}
}

func TestServerQuantileIsChecked(t *testing.T) {
	for level, ok := range map[float64]bool{0: true, 0.95: true, 0.999: true, 0.9: false, 1: false, -0.5: false} {
		cfg := Config{ServerQuantile: level}.WithDefaults()
		if err := cfg.Validate(); (err == nil) != ok {
			t.Errorf("level %v: %v", level, err)
		}
	}
}
