package consolidate

import "math"

// The excess table covers standardised limits and skewnesses in even steps.
const (
	limitMin, limitMax, limitStep = -3.0, 7.0, 1.0 / 8
	skewMax, skewStep             = 3.0, 1.0 / 4
	limitPoints                   = int((limitMax-limitMin)/limitStep) + 1
	skewPoints                    = int(skewMax/skewStep) + 1
)

// excessTable tabulates E[(Z-z)+] for a standardised variable Z of skewness s:
// a gamma shifted and scaled to mean 0 and variance 1, the normal at s = 0.
type excessTable [skewPoints][limitPoints]float64

func tabulate(f func(z, skew float64) float64) *excessTable {
	t := new(excessTable)
	for i := range t {
		for j := range t[i] {
			t[i][j] = f(limitMin+float64(float64(j)*limitStep), float64(float64(i)*skewStep))
		}
	}
	return t
}

// at interpolates bilinearly; it is exact far below the mean and 0 far above.
func (t *excessTable) at(z, skew float64) float64 {
	if !(z < limitMax) {
		return 0
	}
	if z <= limitMin {
		return -z
	}
	x, y := (z-limitMin)*(1/limitStep), skew*(1/skewStep)
	j, i := int(x), int(y)
	if i > skewPoints-2 {
		i, y = skewPoints-2, float64(skewPoints-1)
	}
	fx, fy := x-float64(j), y-float64(i)
	low, high := &t[i], &t[i+1]
	a := low[j] + float64(fx*(low[j+1]-low[j]))
	b := high[j] + float64(fx*(high[j+1]-high[j]))
	return a + float64(fy*(b-a))
}

// standardExcess returns E[(Z-z)+]. With shape a = 4/skew² and t = a + z sqrt(a),
// Z = (G-a)/sqrt(a) for a gamma variable G, and E[(G-t)+] = a Q(a+1,t) - t Q(a,t)
// with the regularised upper incomplete gamma function Q.
func standardExcess(z, skew float64) float64 {
	if skew < 1e-3 {
		return float64(math.Exp(-z*z/2)/math.Sqrt(2*math.Pi)) - float64(z*math.Erfc(z/math.Sqrt2)/2)
	}
	a := 4 / (skew * skew)
	root := math.Sqrt(a)
	t := a + float64(z*root)
	if t <= 0 {
		return -z
	}
	q := upperGamma(a, t)
	lg, _ := math.Lgamma(a + 1)
	next := q + math.Exp(float64(a*math.Log(t))-t-lg) // Q(a+1,t) = Q(a,t) + t^a e^-t / Gamma(a+1)
	return max(0, (float64(a*next)-float64(t*q))/root)
}

// upperGamma is the regularised upper incomplete gamma function Q(a, x) for
// a, x > 0, by its series below a+1 and Lentz's continued fraction above
// (Abramowitz and Stegun 6.5.29 and 6.5.31).
func upperGamma(a, x float64) float64 {
	lg, _ := math.Lgamma(a)
	front := math.Exp(float64(a*math.Log(x)) - x - lg)
	if x < a+1 {
		term, sum := 1/a, 1/a
		for n := 1.0; n < 10000 && term > sum*1e-16; n++ {
			term *= x / (a + n)
			sum += term
		}
		return 1 - float64(front*sum)
	}
	const tiny = 1e-300
	b := x + 1 - a
	c, d := 1/tiny, 1/b
	h := d
	for n := 1.0; n < 10000; n++ {
		an := -n * (n - a)
		b += 2
		d = float64(an*d) + b
		if math.Abs(d) < tiny {
			d = tiny
		}
		c = b + an/c
		if math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		h *= d * c
		if math.Abs(d*c-1) < 1e-15 {
			break
		}
	}
	return float64(front * h)
}
