package queueing

import (
	"math"
	"slices"
)

// Service is the law of the time that one request keeps a core busy, as a
// number of equally meaningful points: Size[i] (seconds) has probability
// Share[i]. It holds for a given law (NewService) and for measured times
// (MeasuredService).
type Service struct {
	Size, Share []float64
	// edges[i], edges[i+1] bound the sizes that point i stands for; nil: only
	// the points are known.
	edges []float64
}

// Mean returns the mean service time.
func (s Service) Mean() float64 {
	sum := 0.0
	for i := range s.Size {
		sum += s.Size[i] * s.Share[i]
	}
	return sum
}

// CV returns the coefficient of variation.
func (s Service) CV() float64 {
	m, sum := s.Mean(), 0.0
	for i := range s.Size {
		sum += (s.Size[i] - m) * (s.Size[i] - m) * s.Share[i]
	}
	return math.Sqrt(sum) / m
}

// cell returns the range of sizes that point i stands for.
func (s Service) cell(i int) (low, high float64) {
	if len(s.edges) == len(s.Size)+1 {
		return s.edges[i], s.edges[i+1]
	}
	return s.Size[i], s.Size[i]
}

// NewService returns the law that a mean and a coefficient of variation stand
// for: constant (0), two exponentials with balanced means (above 1, Allen
// 1990), exponential (1), and in between a constant part and an exponential
// one, which has the same two moments.
func NewService(mean, cv float64) Service {
	switch {
	case cv <= 0:
		return Service{Size: []float64{mean}, Share: []float64{1}}
	case cv <= 1:
		return discretise(func(t float64) float64 {
			if t < mean*(1-cv) {
				return 1
			}
			return math.Exp(-(t - mean*(1-cv)) / (mean * cv))
		}, mean)
	}
	p := 0.5 * (1 + math.Sqrt((cv*cv-1)/(cv*cv+1)))
	return discretise(func(t float64) float64 {
		return p*math.Exp(-t*2*p/mean) + (1-p)*math.Exp(-t*2*(1-p)/mean)
	}, mean)
}

// MeasuredService returns the law of measured service times (seconds); not
// positive ones are dropped. ok is false where nothing is left.
func MeasuredService(times []float64) (s Service, ok bool) {
	var sorted []float64
	for _, t := range times {
		if t > 0 && !math.IsInf(t, 1) {
			sorted = append(sorted, t)
		}
	}
	if len(sorted) == 0 {
		return Service{}, false
	}
	slices.Sort(sorted)
	// The levels thin out the middle and keep the tail.
	edges := levelEdges()
	n := float64(len(sorted))
	s.edges = []float64{sorted[0]}
	for i := 1; i < len(edges); i++ {
		lo, hi := int(edges[i-1]*n), int(edges[i]*n)
		if i == len(edges)-1 {
			hi = len(sorted)
		}
		if hi <= lo {
			continue
		}
		sum := 0.0
		for _, t := range sorted[lo:hi] {
			sum += t
		}
		s.Size = append(s.Size, sum/float64(hi-lo))
		s.Share = append(s.Share, float64(hi-lo)/n)
		s.edges = append(s.edges, sorted[hi-1])
	}
	return s, true
}

// levelEdges cuts (0,1) into cells that get finer towards 1.
func levelEdges() []float64 {
	edges := []float64{0}
	const cells = 24
	for i := 1; i < cells; i++ {
		edges = append(edges, float64(i)/cells)
	}
	for left := 1.0 / cells / 2; left > 1e-4; left /= 1.7 {
		edges = append(edges, 1-left)
	}
	return append(edges, 1)
}

// discretise cuts a law, given by its tail P(S > t), at levelEdges and puts each
// cell's mass at its mean, so that the mean is kept; the points are scaled for
// what the last cell leaves out.
func discretise(tail func(float64) float64, mean float64) Service {
	edges := levelEdges()
	quantile := func(p float64) float64 {
		lo, hi := 0.0, mean
		for tail(hi) > 1-p {
			hi *= 2
		}
		for range 60 {
			if mid := (lo + hi) / 2; tail(mid) > 1-p {
				lo = mid
			} else {
				hi = mid
			}
		}
		return hi
	}
	var s Service
	from := quantile(1e-12)
	s.edges = []float64{from}
	for i := 1; i < len(edges); i++ {
		to := quantile(min(edges[i], 1-1e-9))
		// E[S; from < S <= to] by parts, the integral of the tail by Simpson's rule.
		share := tail(from) - tail(to)
		if i == 1 {
			share = 1 - tail(to)
		}
		integral := from*tail(from) - to*tail(to) + simpson(tail, from, to)
		if i == 1 {
			integral = from*1 - to*tail(to) + simpson(tail, from, to)
		}
		if share <= 0 {
			continue
		}
		s.Size, s.Share, s.edges = append(s.Size, integral/share), append(s.Share, share), append(s.edges, to)
		from = to
	}
	scale := mean / s.Mean()
	for i := range s.Size {
		s.Size[i] *= scale
	}
	return s
}

// simpson integrates f over [a, b].
func simpson(f func(float64) float64, a, b float64) float64 {
	const n = 16
	h := (b - a) / n
	sum := f(a) + f(b)
	for i := 1; i < n; i++ {
		w := 4.0
		if i%2 == 0 {
			w = 2
		}
		sum += w * f(a+float64(i)*h)
	}
	return sum * h / 3
}
