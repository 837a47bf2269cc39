package trial

import (
	"math"

	"drover/internal/model"
	"drover/internal/scenario/queueing"
)

// laws holds the first two moments of response times on shared servers, in
// units of the mean service time, by cores and utilisation in percent.
type laws struct {
	shapes  *queueing.Shapes
	unit    map[[2]int]moments
	memo    []moments // of this minute, by application
	known   []bool
	percent []int // of this minute, by server
}

// moments are a mean and a variance; ok is false where a server has no steady
// state to speak of.
type moments struct {
	mean, variance float64
	ok             bool
}

func newLaws() *laws { return &laws{shapes: &queueing.Shapes{}, unit: map[[2]int]moments{}} }

// begin forgets the minute before.
func (l *laws) begin(j *judge) {
	if l.memo == nil {
		l.memo, l.known = make([]moments, len(j.spec.Applications)), make([]bool, len(j.spec.Applications))
		l.percent = make([]int, len(j.spec.Servers))
	}
	clear(l.known)
	for s := range l.percent {
		l.percent[s] = int(math.Ceil(100 * j.load[s] / float64(j.spec.Servers[s].Capacity[model.CPU])))
	}
}

// of returns the moments of a request of unit size on a server.
func (l *laws) of(cores, percent int) moments {
	key := [2]int{cores, percent}
	m, ok := l.unit[key]
	if !ok {
		if law, stable := l.shapes.Shared(1, 1000, cores, float64(percent)/100); stable {
			m = momentsOf(law)
		}
		l.unit[key] = m
	}
	return m
}

func momentsOf(d queueing.Dist) moments {
	mean := d.Mean()
	second := 0.0
	for i, p := range d.Mass {
		t := float64(i) * d.Step
		second += p * t * t
	}
	return moments{mean, max(0, second-mean*mean), true}
}

// response returns the moments of an application's end-to-end response: its own
// time mixed over its replicas, and for every call the way and the callee's,
// one after the other. Means and variances of independent stages add.
func (l *laws) response(j *judge, a int) moments {
	if l.known[a] {
		return l.memo[a]
	}
	app := &j.spec.Applications[a]
	m := l.own(j, a)
	for _, c := range app.Calls {
		sub := l.response(j, j.apps[c.Callee])
		m.ok = m.ok && sub.ok
		call, part := sub.mean+callSeconds, c.Rate-math.Floor(c.Rate)
		m.mean += c.Rate * call
		m.variance += c.Rate*sub.variance + part*(1-part)*call*call
	}
	l.memo[a], l.known[a] = m, true
	return m
}

// own mixes the time on the application's servers.
func (l *laws) own(j *judge, a int) moments {
	app := &j.spec.Applications[a]
	demand := app.Demand.Seconds()
	var mean, second float64
	for _, s := range j.place[a] {
		u := l.of(int(j.spec.Servers[s].Capacity[model.CPU]/1000), l.percent[s])
		if !u.ok {
			return moments{}
		}
		mean += u.mean
		second += u.variance + u.mean*u.mean
	}
	n := float64(len(j.place[a]))
	mean, second = mean/n, second/n
	return moments{mean * demand, (second - mean*mean) * demand * demand, true}
}

// keeps tells whether an application answers in time. The quantile is that of
// a gamma law with the response's mean and variance (by Wilson and Hilferty's
// cube root).
func (l *laws) keeps(j *judge, a int) bool {
	m := l.response(j, a)
	slo := &j.spec.Applications[a].SLO
	if !m.ok {
		return false
	}
	limit := float64(slo.ResponseMicros) / 1e6
	return m.quantile(float64(slo.ResponseQuantilePPM)/1e6) <= limit
}

func (m moments) quantile(p float64) float64 {
	if m.variance <= 0 {
		return m.mean
	}
	z := math.Sqrt2 * math.Erfinv(2*p-1)
	k := m.mean * m.mean / m.variance
	root := 1 - 1/(9*k) + z/(3*math.Sqrt(k))
	return m.mean * math.Pow(max(0, root), 3)
}
