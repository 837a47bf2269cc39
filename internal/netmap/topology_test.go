package netmap

import (
	"fmt"
	"math"
	"math/rand/v2"

	"drover/internal/model"
)

const noon = model.Instant(1_700_000_000_000)

// topology is a generated network: round trips between servers and the routers
// on the way, in microseconds.
type topology struct {
	servers []model.ServerID
	rtt     [][]float64
	// hops of the way from i to j: router names with the time to each.
	hops func(i, j int) ([]string, []float64)
}

// tree returns servers below rack routers, racks below zone routers, zones
// fully meshed, with delays spread log-normally: access links count much.
func tree(r *rand.Rand, servers, racks, zones int) topology {
	spread := func(median, sigma float64) float64 { return median * math.Exp(sigma*r.NormFloat64()) }
	access, uplink := make([]float64, servers), make([]float64, racks)
	for i := range access {
		access[i] = spread(400, 0.8)
	}
	for i := range uplink {
		uplink[i] = spread(600, 0.6)
	}
	far := make([][]float64, zones)
	for i := range far {
		far[i] = make([]float64, zones)
	}
	for i := range far {
		for j := range i {
			far[i][j] = spread(4000, 0.7)
			far[j][i] = far[i][j]
		}
	}
	rackOf := func(i int) int { return i % racks }
	zoneOf := func(rack int) int { return rack % zones }
	hops := func(i, j int) ([]string, []float64) {
		a, b := rackOf(i), rackOf(j)
		names, times := []string{fmt.Sprint("rack", a)}, []float64{access[i]}
		step := func(name string, micros float64) {
			names, times = append(names, name), append(times, times[len(times)-1]+micros)
		}
		if a != b {
			step(fmt.Sprint("zone", zoneOf(a), "from", a), uplink[a])
			if zoneOf(a) != zoneOf(b) {
				step(fmt.Sprint("zone", zoneOf(b), "from-zone", zoneOf(a)), far[zoneOf(a)][zoneOf(b)])
			}
			step(fmt.Sprint("rack", b, "down"), uplink[b])
		}
		return names, times
	}
	t := topology{hops: hops, rtt: make([][]float64, servers)}
	for i := range servers {
		t.servers = append(t.servers, model.ServerID(fmt.Sprintf("s%02d", i)))
		t.rtt[i] = make([]float64, servers)
		for j := range servers {
			_, times := hops(i, j)
			t.rtt[i][j] = times[len(times)-1] + access[j]
		}
	}
	return t
}

// plane returns servers on a plane with heights and no routers that answer:
// nothing but coordinates can help.
func plane(r *rand.Rand, servers int) topology {
	x, y, height := make([]float64, servers), make([]float64, servers), make([]float64, servers)
	for i := range servers {
		x[i], y[i], height[i] = 20_000*r.Float64(), 20_000*r.Float64(), 1500*math.Exp(0.8*r.NormFloat64())
	}
	t := topology{rtt: make([][]float64, servers), hops: func(int, int) ([]string, []float64) { return nil, nil }}
	for i := range servers {
		t.servers = append(t.servers, model.ServerID(fmt.Sprintf("s%02d", i)))
		for j := range servers {
			detour := 1 + 0.15*math.Abs(math.Sin(float64(min(i, j)*97+max(i, j)*31)))
			t.rtt[i] = append(t.rtt[i], math.Hypot(x[i]-x[j], y[i]-y[j])*detour+height[i]+height[j])
		}
	}
	return t
}

// path returns a traceroute from i to j: three probes a hop with queueing noise
// and a little loss.
func (t topology) path(r *rand.Rand, i, j int, at model.Instant) model.Path {
	noisy := func(micros float64) (rtts []int64, lost int) {
		for range 3 {
			if r.Float64() < 0.02 {
				lost++
				continue
			}
			rtts = append(rtts, int64(micros+40*r.ExpFloat64()))
		}
		return rtts, lost
	}
	p := model.Path{Fleet: "f", From: t.servers[i], To: string(t.servers[j]), At: at, Producer: "test"}
	names, times := t.hops(i, j)
	for h, name := range names {
		rtts, lost := noisy(times[h] + 100*r.ExpFloat64())
		hop := model.Hop{TTL: h + 1, Address: name, RTTMicros: rtts, Lost: lost}
		if len(rtts) == 0 {
			hop.Address = ""
		}
		p.Hops = append(p.Hops, hop)
	}
	rtts, lost := noisy(t.rtt[i][j])
	if len(rtts) > 0 {
		p.Reached = true
		p.Hops = append(p.Hops, model.Hop{TTL: len(names) + 1, Address: "ip-" + string(t.servers[j]), RTTMicros: rtts, Lost: lost})
	}
	return p
}
