package desim

import "container/heap"

// station is a station at work. Requests in service are ordered by when they
// are done: by attained service where cores are shared (attained grows at the
// same rate for all), by time where they are not.
type station struct {
	Station
	running  finishHeap
	queue    []*request
	attained float64 // service every request has got since the start
	at       float64 // time that attained stands for
	epoch    int
}

// rate is the share of a core that each request gets.
func (s *station) rate() float64 {
	if n := len(s.running); n > s.Cores {
		return float64(s.Cores) / float64(n)
	}
	return 1
}

// advance brings the attained service up to a time.
func (s *station) advance(now float64) {
	if s.Sharing {
		s.attained += (now - s.at) * s.rate()
	} else {
		s.attained = now
	}
	s.at = now
}

// enter takes a request in.
func (s *station) enter(r *request) {
	if !s.Sharing && len(s.running) >= s.Cores {
		s.queue = append(s.queue, r)
		return
	}
	r.finish = s.attained + r.left
	heap.Push(&s.running, r)
}

// done takes out the requests that have got their service.
func (s *station) done() []*request {
	const slack = 1e-12 // rounding of times, in seconds
	var out []*request
	for len(s.running) > 0 && s.running[0].finish <= s.attained+slack*(1+s.attained) {
		out = append(out, heap.Pop(&s.running).(*request))
		if len(s.queue) > 0 {
			next := s.queue[0]
			s.queue = s.queue[1:]
			s.enter(next)
		}
	}
	return out
}

// next tells when the next request will be done if none arrives.
func (s *station) next(now float64) (float64, bool) {
	if len(s.running) == 0 {
		return 0, false
	}
	left := max(0, s.running[0].finish-s.attained)
	if s.Sharing {
		left /= s.rate()
	}
	return now + left, true
}

type finishHeap []*request

func (h finishHeap) Len() int { return len(h) }
func (h finishHeap) Less(i, j int) bool {
	if h[i].finish != h[j].finish {
		return h[i].finish < h[j].finish
	}
	return h[i].serial < h[j].serial
}
func (h finishHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *finishHeap) Push(x any) { *h = append(*h, x.(*request)) }

// Pop implements heap.Interface.
func (h *finishHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
