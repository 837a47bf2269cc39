package queueing

// integrateWait returns, for a size x up to the largest of the law, the double
// integral 2 Int_0^x (x-y) (1-W(y))/rho dy, where W is the law of the waiting
// time in M/G/1 first come first served at utilisation rho. Divided by rho, so
// that the correlation at distance 0 is 1.
//
// W solves the renewal equation of Pollaczek and Khinchine,
// W(t) = (1-rho) + rho Int_0^t W(t-u) f(u) du, f(u) = P(S>u)/E[S], on a grid.
func integrateWait(s Service, rho float64) func(x float64) float64 {
	const n = 400
	largest := s.Size[len(s.Size)-1]
	h := largest / n
	mean := s.Mean()
	if rho <= 0 {
		rho = 1e-9
	}
	density := residualDensity(s, mean, h, n)
	wait := make([]float64, n+1)
	wait[0] = 1 - rho
	for i := 1; i <= n; i++ {
		// Trapezium rule; the term with wait[i] itself is solved for.
		sum := 0.5 * density[i] * wait[0]
		for j := 1; j < i; j++ {
			sum += density[j] * wait[i-j]
		}
		wait[i] = min(1, (1-rho+rho*h*sum)/(1-rho*h*0.5*density[0]))
	}
	// first[i] = Int_0^(ih) (1-W)/rho, second[i] = Int of first.
	first, second := make([]float64, n+1), make([]float64, n+1)
	for i := 1; i <= n; i++ {
		first[i] = first[i-1] + h*0.5*((1-wait[i-1])+(1-wait[i]))/rho
		second[i] = second[i-1] + h*0.5*(first[i-1]+first[i])
	}
	return func(x float64) float64 {
		at := x / h
		i := int(at)
		if i >= n {
			return 2 * second[n]
		}
		w := at - float64(i)
		return 2 * ((1-w)*second[i] + w*second[i+1])
	}
}

// residualDensity is P(S > u)/E[S] at u = 0, h, 2h, ...; a step of the tail is
// shared between the grid points beside it, so that the density integrates to 1.
func residualDensity(s Service, mean, h float64, n int) []float64 {
	out := make([]float64, n+1)
	for i := range out {
		lo, hi := (float64(i)-0.5)*h, (float64(i)+0.5)*h
		if i == 0 {
			lo = 0
		}
		covered := 0.0
		for k, x := range s.Size {
			covered += s.Share[k] * max(0, min(x, hi)-lo)
		}
		out[i] = covered / (hi - lo) / mean
	}
	return out
}
