package api

import (
	"math"
	"slices"
	"sync"
	"time"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

// outlook is what every server of a fleet has ahead of it, by the forecasts of
// what runs there: the servers' own forecasts don't know of moves.
type outlook struct {
	at      model.Instant // the present it is seen from
	start   model.Instant // end of the first step
	step    time.Duration
	steps   int
	servers map[model.ServerID]*ahead
}

// ahead is one server's load, in the resource's unit, by step.
type ahead struct {
	capacity, safe       float64
	median, high, chance []float64
	trusted              bool
}

// levels are the quantile levels that loads are summed at. Summing quantiles
// takes loads to rise together, which is on the safe side.
var levels = []float64{0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99}

const (
	medianLevel = 2
	highLevel   = 5
)

// defaultSafe is the safe share where a server states none.
const defaultSafe = 0.8

func safeShare(s *model.Server, r model.Resource) float64 {
	if p := s.SafetyPPM[r]; p > 0 {
		return float64(p) / 1e6
	}
	return defaultSafe
}

// lookAhead works out the outlook of a fleet as seen from a time (0: now).
func lookAhead(f *readmodel.Fleet, resource model.Resource, at model.Instant) *outlook {
	o := &outlook{at: at, step: readmodel.HistoryStep, servers: map[model.ServerID]*ahead{}}
	placement := f.Placement
	if at == 0 {
		o.at = f.Now
	} else {
		placement = f.PlacementAt(at)
	}
	sources := map[model.ServerID][]source{}
	for _, id := range sortedKeys(placement) {
		if src, ok := find(f, model.ReplicaEntity(id), resource, at); ok {
			sources[placement[id]] = append(sources[placement[id]], src)
			o.reach(src)
		}
	}
	for id := range f.Servers {
		own, ok := find(f, model.ServerEntity(id), resource, at)
		if ok {
			o.reach(own)
		}
		if list := sources[id]; len(list) == 0 && ok {
			sources[id] = []source{own}
		} else if ok {
			sources[id] = append(list, background(own, list))
		}
	}
	for id, server := range f.Servers {
		o.servers[id] = o.sum(&server, resource, sources[id])
	}
	return o
}

// source is one forecast that counts for a server: present or past.
type source struct {
	origin   model.Instant
	step     time.Duration
	steps    int
	trusted  bool
	observed float64
	peak     float64
	at       func(h int, level float64) float64
}

func find(f *readmodel.Fleet, entity model.EntityID, r model.Resource, at model.Instant) (source, bool) {
	key := readmodel.SeriesKey{Entity: entity, Resource: r}
	now := f.ForecastOf(key)
	if now == nil {
		return source{}, false
	}
	if at == 0 || now.Origin <= at {
		return source{now.Origin, now.Step, now.Steps(), now.Trusted, now.Observed, now.Peak, now.At}, true
	}
	past := f.PastOf(key, at)
	if past == nil {
		return source{}, false
	}
	observed := f.ValueAt(key, past.Origin)
	return source{past.Origin, past.Step, past.Steps(), past.Trusted, observed, math.Max(observed, now.Peak), past.At}, true
}

// background is what a server shows beyond its replicas; it stays as it is.
func background(own source, replicas []source) source {
	rest := own.observed
	for _, r := range replicas {
		rest -= r.observed
	}
	if !(rest > 0) {
		rest = 0
	}
	return source{trusted: true, at: func(int, float64) float64 { return rest }}
}

// reach widens the outlook to what a source covers.
func (o *outlook) reach(s source) {
	if s.steps > o.steps || s.steps == o.steps && timeAfter(s) > o.start {
		o.start, o.step, o.steps = timeAfter(s), s.step, s.steps
	}
}

// timeAfter returns the end of a source's first step.
func timeAfter(s source) model.Instant { return readmodel.TimeOf(s.origin, s.step, 0) }

func (o *outlook) sum(server *model.Server, r model.Resource, sources []source) *ahead {
	capacity := float64(server.Capacity[r])
	a := &ahead{capacity: capacity, safe: capacity * safeShare(server, r), trusted: true}
	for h := range o.steps {
		var q [7]float64
		for i := range sources {
			s := &sources[i]
			a.trusted = a.trusted && s.trusted
			o.add(&q, s, h)
		}
		a.median, a.high = append(a.median, q[medianLevel]), append(a.high, q[highLevel])
		a.chance = append(a.chance, chanceAbove(q[:], a.safe))
	}
	return a
}

// add adds a source's quantiles at the outlook's step h. A forecast that is not
// trusted gives its last value as the median and the week's peak as the high one.
func (o *outlook) add(q *[7]float64, s *source, h int) {
	shift := 0
	if s.step > 0 {
		shift = int(o.start.Sub(timeAfter(*s)) / s.step) // older forecasts have come closer
	}
	for i, level := range levels {
		v := s.at(min(h+shift, max(s.steps-1, 0)), level)
		if !s.trusted {
			if v = s.observed; i >= highLevel {
				v = math.Max(s.peak, s.observed)
			}
		}
		if !math.IsNaN(v) {
			q[i] += v
		}
	}
}

// chanceAbove returns how likely a value above the threshold is: linear between
// the levels, and half of what lies outside them beyond.
func chanceAbove(q []float64, threshold float64) float64 {
	switch n := len(q); {
	case threshold <= 0 || q[n-1] <= 0:
		return 0
	case q[0] >= threshold:
		return 1 - levels[0]/2
	case q[n-1] < threshold:
		if q[n-1] > 0.9*threshold {
			return (1 - levels[n-1]) / 2
		}
		return 0
	}
	i := 1
	for q[i] < threshold {
		i++
	}
	w := (threshold - q[i-1]) / (q[i] - q[i-1])
	return 1 - (levels[i-1] + w*(levels[i]-levels[i-1]))
}

// tight returns when a server is tightest.
func (o *outlook) tight(server *model.Server, r model.Resource) *Tight {
	a := o.servers[server.ID]
	if a == nil || len(a.high) == 0 || a.capacity <= 0 {
		return nil
	}
	most := 0
	first := -1
	for h, v := range a.high {
		if v > a.high[most] {
			most = h
		}
		if first < 0 && v > a.safe {
			first = h
		}
	}
	if first < 0 {
		first = most
	}
	return &Tight{Server: server.ID, Zone: server.Zone, Resource: r.String(), At: o.time(most), From: o.time(first),
		Percent: percent(a.median[most], a.capacity), HighPercent: percent(a.high[most], a.capacity),
		SafePercent: percent(a.safe, a.capacity), Chance: round(a.chance[most], 3), Trusted: a.trusted}
}

// time returns the end of a step.
func (o *outlook) time(h int) model.Instant { return o.start.Add(time.Duration(h) * o.step) }

func percent(value, capacity float64) float64 {
	if capacity <= 0 || math.IsNaN(value) {
		return -1
	}
	return round(100*value/capacity, 1)
}

// round cuts a number to some decimals, so that answers stay short.
func round(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	if r := math.Round(v*scale) / scale; !math.IsInf(r, 0) && !math.IsNaN(r) {
		return r
	}
	return 0
}

// outlooks keeps the outlooks of the present until something changes.
type outlooks struct {
	mu   sync.Mutex
	kept map[outlookKey]keptOutlook
}

type outlookKey struct {
	fleet    model.FleetID
	resource model.Resource
}

type keptOutlook struct {
	version uint64
	outlook *outlook
}

func newOutlooks() *outlooks { return &outlooks{kept: map[outlookKey]keptOutlook{}} }

// of returns a fleet's outlook; the model must be lent.
func (k *outlooks) of(f *readmodel.Fleet, r model.Resource, at model.Instant) *outlook {
	if at != 0 {
		return lookAhead(f, r, at)
	}
	version := f.Version(readmodel.Servers, readmodel.Applications, readmodel.Forecasts, readmodel.Plans)
	key := outlookKey{f.ID, r}
	k.mu.Lock()
	defer k.mu.Unlock()
	if e, ok := k.kept[key]; ok && e.version == version {
		return e.outlook
	}
	o := lookAhead(f, r, 0)
	k.kept[key] = keptOutlook{version, o}
	return o
}

func sortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
