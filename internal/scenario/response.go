package scenario

import (
	"cmp"
	"fmt"
	"math"

	"drover/internal/model"
	"drover/internal/scenario/queueing"
)

// Round-trip times assumed between servers whose link was not measured.
const (
	sameZoneRTT  = 200e-6
	otherZoneRTT = 1000e-6
)

// responses predicts response times of applications along the call graph: the
// own time on shared cores, mixed over the replicas' servers, and for every
// call the network and the callee's response, one after the other. Each server
// counts at its busiest period, which is on the safe side.
type responses struct {
	f       *fleet
	shapes  *queueing.Shapes
	service []float64 // seconds of core time of one request; 0: not known
	perCall [][]outCall
	unknown []bool             // an own service time, or that of one that is called, is not known
	rtt     map[[2]int]float64 // read by key only
	speed   map[[2]int]float64 // bytes per second
	// The longest round trip between any two servers, and the slowest link.
	longestRTT, lowestSpeed float64
}

// outCall is how often one request makes a call, and what it carries.
type outCall struct {
	callee int
	times  float64
	bytes  float64
}

func newResponses(f *fleet) *responses {
	q := &responses{
		f: f, shapes: cmp.Or(f.cfg.Shapes, &queueing.Shapes{}), service: make([]float64, len(f.applications)),
		perCall: make([][]outCall, len(f.applications)), rtt: map[[2]int]float64{}, speed: map[[2]int]float64{},
		longestRTT: otherZoneRTT,
	}
	for _, l := range f.view.Links {
		a, okA := f.serverAt[l.From]
		b, okB := f.serverAt[l.To]
		if !okA || !okB {
			continue
		}
		for _, way := range [][2]int{{a, b}, {b, a}} {
			if _, measured := q.rtt[way]; way[0] == a || !measured {
				q.rtt[way] = float64(l.RTTMicros) / 1e6
				q.speed[way] = float64(l.BandwidthBytesPerSecond)
			}
		}
		q.longestRTT = max(q.longestRTT, float64(l.RTTMicros)/1e6)
		if speed := float64(l.BandwidthBytesPerSecond); speed > 0 && (q.lowestSpeed == 0 || speed < q.lowestSpeed) {
			q.lowestSpeed = speed
		}
	}
	rate := q.rates()
	for a := range f.applications {
		q.service[a] = q.serviceTime(a, rate[a])
	}
	for _, c := range f.calls {
		if rate[c.caller] > 0 && c.callsPerSecond > 0 && c.caller != c.callee {
			q.perCall[c.caller] = append(q.perCall[c.caller], outCall{
				callee: c.callee, times: c.callsPerSecond / rate[c.caller], bytes: c.bytesPerSecond / c.callsPerSecond,
			})
		}
	}
	q.unknown = q.spread(func(a int) bool { return q.service[a] <= 0 })
	return q
}

// spread marks the applications of which something holds, and all that call one
// of those, directly or not; what runs nowhere is left out with its callers.
func (q *responses) spread(holds func(a int) bool) []bool {
	callers := make([][]int, len(q.perCall))
	var queue []int
	out := make([]bool, len(q.perCall))
	for a := range q.perCall {
		if len(q.f.members[a]) == 0 {
			continue
		}
		for _, c := range q.perCall[a] {
			callers[c.callee] = append(callers[c.callee], a)
		}
		if holds(a) {
			out[a] = true
			queue = append(queue, a)
		}
	}
	for len(queue) > 0 {
		a := queue[0]
		queue = queue[1:]
		for _, b := range callers[a] {
			if !out[b] {
				out[b] = true
				queue = append(queue, b)
			}
		}
	}
	return out
}

// rates estimates the requests per second of every application: what the graph
// shows arriving; for entries what their CPU load stands for, or else their
// most frequent call.
func (q *responses) rates() []float64 {
	f := q.f
	in, out := make([]float64, len(f.applications)), make([]float64, len(f.applications))
	for _, c := range f.calls {
		in[c.callee] += c.callsPerSecond
		out[c.caller] = max(out[c.caller], c.callsPerSecond)
	}
	for a, app := range f.applications {
		if in[a] == 0 && app.DemandMicros > 0 {
			in[a] = q.cores(a) / (float64(app.DemandMicros) / 1e6)
		}
		if in[a] == 0 {
			in[a] = out[a]
		}
	}
	return in
}

// cores is how many cores an application keeps busy in the first period.
func (q *responses) cores(a int) float64 {
	sum := 0.0
	for _, r := range q.f.members[a] {
		if fc := q.f.replicas[r].series[model.CPU]; fc != nil {
			sum += q.f.value(fc, 0, 0) * q.f.replicas[r].share / 1000
		} else {
			sum += float64(q.f.applications[a].Request[model.CPU]) / 1000
		}
	}
	return sum
}

// serviceTime is the core time of one request on a reference core: stated, or
// the CPU load divided by the rate of requests.
func (q *responses) serviceTime(a int, rate float64) float64 {
	if d := q.f.applications[a].DemandMicros; d > 0 {
		return float64(d) / 1e6
	}
	if rate <= 0 {
		return 0
	}
	return q.cores(a) / rate
}

// situation is the utilisation of every server and the placement to judge.
type situation struct {
	place       []int
	utilisation []float64 // of servers; above 1: overload
	alive       func(r int) bool
	slow        func(from, to int) float64
}

// answer is a predicted response, memoised while one situation is judged.
type answer struct {
	done, open, ok bool
	law            queueing.Dist
	why            string
}

// of returns the response law of an application, or why there is none.
func (q *responses) of(a int, in *situation, memo []answer) *answer {
	m := &memo[a]
	if m.done || m.open {
		return m
	}
	m.open = true
	m.law, m.why = q.own(a, in)
	if m.why == "" {
		for _, c := range q.perCall[a] {
			if len(q.f.members[c.callee]) == 0 {
				continue
			}
			sub := q.of(c.callee, in, memo)
			if sub.open && !sub.done {
				continue // a call back up the chain is part of the caller's time
			}
			if sub.why != "" {
				m.why = sub.why
				break
			}
			call := sub.law.Plus(q.network(a, c, in))
			m.law = m.law.Plus(call.Times(c.times))
		}
	}
	m.open, m.done, m.ok = false, true, m.why == ""
	return m
}

// own is the time of a request on the application's own servers.
func (q *responses) own(a int, in *situation) (queueing.Dist, string) {
	f := q.f
	if q.service[a] <= 0 {
		return queueing.Dist{}, fmt.Sprintf("the service time of %s is not known", f.applications[a].ID)
	}
	cv := q.variation(a)
	var laws []queueing.Dist
	var shares []float64
	for _, r := range f.members[a] {
		if !in.alive(r) {
			continue
		}
		s := in.place[r]
		speed := coreSpeed(&f.servers[s])
		cores := int(f.servers[s].Capacity[model.CPU] / 1000)
		law, ok := q.shapes.Shared(q.service[a]/speed, cv, cores, in.utilisation[s])
		if !ok {
			return queueing.Dist{}, fmt.Sprintf("%s is overloaded", f.servers[s].ID)
		}
		laws, shares = append(laws, law), append(shares, 1)
	}
	if len(laws) == 0 {
		return queueing.Dist{}, fmt.Sprintf("no replica of %s is left", f.applications[a].ID)
	}
	if same(laws) {
		return laws[0], ""
	}
	return queueing.Mix(laws, shares), ""
}

// variation is the coefficient of variation of a service time, in thousandths;
// exponential where it is not stated.
func (q *responses) variation(a int) int64 {
	if cv := q.f.applications[a].ServiceCVMilli; cv >= 0 {
		return cv
	}
	return 1000
}

// coreSpeed is that of a server's cores, as a multiple of the reference core's.
func coreSpeed(s *model.Server) float64 {
	if s.CoreSpeedMilli <= 0 {
		return 1
	}
	return float64(s.CoreSpeedMilli) / 1000
}

// same tells whether all laws are one: replicas on equally busy servers.
func same(laws []queueing.Dist) bool {
	for _, d := range laws[1:] {
		if d.Step != laws[0].Step || &d.Mass[0] != &laws[0].Mass[0] {
			return false
		}
	}
	return true
}

// network is the time on the way of one call, over all pairs of replicas: a
// round trip and the transfer, nothing on the same server.
func (q *responses) network(a int, c outCall, in *situation) queueing.Dist {
	var times []float64
	sum, longest := 0.0, 0.0
	for _, r := range q.f.members[a] {
		for _, o := range q.f.members[c.callee] {
			if !in.alive(r) || !in.alive(o) {
				continue
			}
			t := q.way(in.place[r], in.place[o], c.bytes, in)
			times = append(times, t)
			sum, longest = sum+t, max(longest, t)
		}
	}
	if len(times) == 0 {
		return queueing.Constant(0)
	}
	// Ways that hardly differ are one constant.
	if mean := sum / float64(len(times)); longest <= 1.1*mean || longest < 1e-4 {
		return queueing.Constant(mean)
	}
	return queueing.Points(times)
}

func (q *responses) way(from, to int, bytes float64, in *situation) float64 {
	if from == to {
		return 0
	}
	rtt, ok := q.rtt[[2]int{from, to}]
	if !ok {
		rtt = otherZoneRTT
		if q.f.zone[from] == q.f.zone[to] {
			rtt = sameZoneRTT
		}
	}
	rtt *= in.slow(from, to)
	if speed := q.speed[[2]int{from, to}]; speed > 0 {
		rtt += bytes / speed
	}
	return rtt
}

// longestWay bounds way for every pair of servers.
func (q *responses) longestWay(bytes, slow float64) float64 {
	t := q.longestRTT * slow
	if q.lowestSpeed > 0 {
		t += bytes / q.lowestSpeed
	}
	return t
}

// allowedUtilisation is the greatest utilisation, the same on all servers of
// an application's chain, at which it still keeps its response time; ppm. ok is
// false where not even idle servers keep it.
func (q *responses) allowedUtilisation(a int) (ppm int64, ok bool) {
	f := q.f
	slo := f.applications[a].SLO
	place, utilisation := f.start, make([]float64, len(f.servers))
	in := &situation{
		place: place, utilisation: utilisation, alive: func(int) bool { return true },
		slow: func(int, int) float64 { return 1 },
	}
	keeps := func(percent int) bool {
		for s := range utilisation {
			utilisation[s] = float64(percent) / 100
		}
		m := q.of(a, in, make([]answer, len(f.applications)))
		return m.ok && m.law.Quantile(float64(slo.ResponseQuantilePPM)/1e6) <= float64(slo.ResponseMicros)/1e6
	}
	low, high := 5, int(math.Floor(queueing.MaxUtilisation*100))-1
	if keeps(high) {
		return int64(high) * 10_000, true
	}
	if !keeps(low) {
		return 0, false
	}
	for high-low > 1 {
		if mid := (low + high) / 2; keeps(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return int64(low) * 10_000, true
}
