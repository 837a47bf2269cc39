package queueing

import "math"

// ErlangC returns the probability that a request waits in M/M/c at offered load
// a = lambda/mu < cores. (Kleinrock, Queueing Systems I, 1975, ch. 3; by the
// recursion of Erlang's loss formula, which does not overflow.)
func ErlangC(cores int, a float64) float64 {
	if a <= 0 {
		return 0
	}
	loss := 1.0
	for k := 1; k <= cores; k++ {
		loss = a * loss / (float64(k) + a*loss)
	}
	rho := a / float64(cores)
	return loss / (1 - rho + rho*loss)
}

// MMc is a queue with exponential service times on Cores cores, first come
// first served. Lambda is requests per second, Mu how many a core serves.
type MMc struct {
	Cores      int
	Lambda, Mu float64
}

// Utilisation returns lambda / (c mu).
func (q MMc) Utilisation() float64 { return q.Lambda / (float64(q.Cores) * q.Mu) }

// Stable tells whether there is a steady state; the other methods ask for it.
func (q MMc) Stable() bool {
	return q.Cores > 0 && q.Mu > 0 && q.Lambda >= 0 && q.Utilisation() < 1
}

// MeanResponse returns E[R] = 1/mu + C/(c mu - lambda).
func (q MMc) MeanResponse() float64 {
	return 1/q.Mu + ErlangC(q.Cores, q.Lambda/q.Mu)/(float64(q.Cores)*q.Mu-q.Lambda)
}

// Tail returns P(R > t). With theta = c mu - lambda it is
// (1-C) e^(-mu t) + C (theta e^(-mu t) - mu e^(-theta t)) / (theta - mu), and
// e^(-mu t) (1 + C mu t) where theta = mu (Allen 1990).
func (q MMc) Tail(t float64) float64 {
	if t <= 0 {
		return 1
	}
	c := ErlangC(q.Cores, q.Lambda/q.Mu)
	theta := float64(q.Cores)*q.Mu - q.Lambda
	service := math.Exp(-q.Mu * t)
	// (theta S - mu E) / (theta - mu) = S - mu (E - S) / (theta - mu), where the
	// quotient is written with expm1 so that it is steady near theta = mu.
	d := theta - q.Mu
	ratio := q.Mu * t
	if x := d * t; math.Abs(x) > 1e-9 {
		ratio = -q.Mu * math.Expm1(-x) / d
	}
	return min(1, service*(1+c*ratio))
}

// WaitQuantile returns the time that a share p of the requests waits at most.
func (q MMc) WaitQuantile(p float64) float64 {
	c := ErlangC(q.Cores, q.Lambda/q.Mu)
	if c <= 1-p {
		return 0
	}
	return math.Log(c/(1-p)) / (float64(q.Cores)*q.Mu - q.Lambda)
}

// Quantile returns the time within which a share p of the requests is answered,
// by bisection.
func (q MMc) Quantile(p float64) float64 {
	lo, hi := 0.0, 1/q.Mu
	for q.Tail(hi) > 1-p {
		hi *= 2
	}
	for range 100 {
		mid := (lo + hi) / 2
		if q.Tail(mid) > 1-p {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}
