package desim

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
)

// Station is a server with cores.
type Station struct {
	Cores   int
	Sharing bool // processor sharing; otherwise first come first served
}

// Visit is one stop of a path: Delay seconds on the way, then a service time
// drawn by Draw (seconds of one core).
type Visit struct {
	Station int
	Delay   float64
	Draw    func(*rand.Rand) float64
}

// Flow is a stream of requests.
type Flow struct {
	PerSecond float64
	Path      []Visit
}

// Result holds the response times of a flow, rising, in seconds.
type Result struct{ Responses []float64 }

// Quantile returns the response time that a share p of the requests kept.
func (r Result) Quantile(p float64) float64 {
	if len(r.Responses) == 0 {
		return math.NaN()
	}
	return r.Responses[min(len(r.Responses)-1, int(p*float64(len(r.Responses))))]
}

// Mean returns the mean response time.
func (r Result) Mean() float64 {
	sum := 0.0
	for _, x := range r.Responses {
		sum += x
	}
	return sum / float64(len(r.Responses))
}

// Run simulates until the given number of requests has ended after a tenth of
// them as warm-up, and returns the result of every flow. Stations must be able
// to carry their load: an overloaded one makes the run long, not wrong.
func Run(stations []Station, flows []Flow, requests int, seed uint64) []Result {
	s := &simulation{
		stations: make([]*station, len(stations)), flows: flows, rng: rand.New(rand.NewPCG(seed, 0x5bd1e995)),
		results: make([]Result, len(flows)),
	}
	for i, st := range stations {
		s.stations[i] = &station{Station: st}
	}
	for f := range flows {
		s.scheduleArrival(f)
	}
	warm := requests / 10
	for s.ended < requests+warm {
		s.step(warm)
	}
	for f := range s.results {
		slices.Sort(s.results[f].Responses)
	}
	return s.results
}

type simulation struct {
	stations []*station
	flows    []Flow
	rng      *rand.Rand
	now      float64
	events   eventHeap
	results  []Result
	ended    int
	serial   int
}

// request is one request on its way.
type request struct {
	flow, stop int
	arrived    float64
	left       float64 // service asked for at the present stop
	finish     float64 // sharing: attained service at which it is done
	serial     int
}

// event happens at a time: an arrival of a flow (request nil), a request that
// reaches its stop, or a completion at a station as of an epoch of it.
type event struct {
	at      float64
	serial  int
	flow    int
	req     *request
	station int // completion where >= 0
	epoch   int
}

func (s *simulation) push(e event) {
	s.serial++
	e.serial = s.serial
	heap.Push(&s.events, e)
}

func (s *simulation) scheduleArrival(f int) {
	s.push(event{at: s.now + s.rng.ExpFloat64()/s.flows[f].PerSecond, flow: f, station: -1})
}

// step takes the next event.
func (s *simulation) step(warm int) {
	e := heap.Pop(&s.events).(event)
	s.now = e.at
	switch {
	case e.station >= 0:
		if st := s.stations[e.station]; st.epoch == e.epoch {
			st.advance(s.now)
			for _, r := range st.done() {
				s.leave(r, warm)
			}
			s.arm(e.station)
		}
	case e.req == nil:
		s.scheduleArrival(e.flow)
		s.serial++
		s.travel(&request{flow: e.flow, arrived: s.now, serial: s.serial})
	default:
		v := s.flows[e.req.flow].Path[e.req.stop]
		st := s.stations[v.Station]
		st.advance(s.now)
		e.req.left = v.Draw(s.rng)
		st.enter(e.req)
		s.arm(v.Station)
	}
}

// travel sends a request to its present stop.
func (s *simulation) travel(r *request) {
	s.push(event{at: s.now + s.flows[r.flow].Path[r.stop].Delay, req: r, station: -1})
}

// leave sends a request on, or counts it at the end of its path.
func (s *simulation) leave(r *request, warm int) {
	if r.stop++; r.stop < len(s.flows[r.flow].Path) {
		s.travel(r)
		return
	}
	if s.ended++; s.ended > warm {
		s.results[r.flow].Responses = append(s.results[r.flow].Responses, s.now-r.arrived)
	}
}

// arm schedules the next completion of a station; older ones are void.
func (s *simulation) arm(i int) {
	st := s.stations[i]
	st.epoch++
	if at, ok := st.next(s.now); ok {
		s.push(event{at: at, station: i, epoch: st.epoch})
	}
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].serial < h[j].serial
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *eventHeap) Push(x any) { *h = append(*h, x.(event)) }

// Pop implements heap.Interface.
func (h *eventHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
