package forecast

import (
	"math"

	"drover/internal/model"
)

// zoneLevels are the quantiles of the error that each block tracks.
var zoneLevels = [9]float64{0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99}

// zoneStart is between normal and Laplace, in units of the mean absolute error;
// its outermost quantiles are those of series with a bad day now and then.
var zoneStart = [9]float32{-4.2, -2.2, -1.6, -0.75, 0, 0.75, 1.6, 2.2, 4.2}

// zoneSteps are the error quantiles' steps in units of the middle ones': where
// values are rare, they are spread so thinly that small steps get nowhere. The best
// step is in inverse proportion to the density (Robbins & Monro, 1951), which is
// about 1/(2 min(p,1-p)) of the median's; bad values come in clusters, so the .35th
// power of that is taken.
var zoneSteps = [9]float64{3.93, 2.24, 1, 1, 1, 1, 1, 2.24, 3.93}

// regressors returns what the regression sees of a target: the smoothed
// deviations at the origin, last season's deviation at the target's slot, and
// the spread, which stands for a constant and keeps the regression equivariant.
func (s *Series) regressors(at model.Instant, base, fast, slow float64) [4]float64 {
	slot := 0
	if s.lay.daySlots > 0 {
		slot = s.lay.slotOf(at)
	}
	return s.regressorsOf(slot, base, fast, slow)
}

// regressorsOf is regressors of a target in a slot of the first season.
func (s *Series) regressorsOf(slot int, base, fast, slow float64) [4]float64 {
	x := [4]float64{fast, slow, 0, float64(s.spread)}
	if last, ok := s.lastSeason(slot); ok {
		x[2] = last - base
	}
	return x
}

// lastSeason returns the mean of a slot one season ago.
func (s *Series) lastSeason(slot int) (float64, bool) {
	if s.lay.daySlots == 0 {
		return 0, false
	}
	v := float64(s.previous[slot])
	return v, !math.IsNaN(v)
}

// mixture is how the models are joined at a lead: the same for all its targets.
type mixture struct {
	weights [modelCount]float64
	// least is the least of the models' errors, others the sum of their inverse
	// third powers relative to it.
	least, others float64
	coef          [4]float64 // of the regression
	young         bool       // the regression has seen too little to be asked
}

func (s *Series) mix(b *block) mixture {
	m := mixture{young: b.seen < 8}
	m.weights, m.least, m.others = s.weights(b)
	for i, c := range b.coef {
		m.coef[i] = float64(c)
	}
	return m
}

// predict returns each model's forecast of one target; keep is what is left of
// a fast deviation at its lead.
func (s *Series) predict(m *mixture, keep, base float64, x *[4]float64) (y [modelCount + 1]float64) {
	s.simple(&y, keep, base, x)
	y[ensembleModel] = m.join(&y, base, x)
	return y
}

// simple sets the forecasts that are the same whatever was learned at a lead.
func (s *Series) simple(y *[modelCount + 1]float64, keep, base float64, x *[4]float64) {
	smooth := x[1] + float64(keep*(x[0]-x[1]))
	y[naiveModel] = base + x[2]
	if s.lay.daySlots == 0 || x[2] == 0 {
		y[naiveModel] = base + x[0]
	}
	y[meanModel] = base
	y[smoothModel] = base + smooth
}

// join sets the regression's forecast beside the simple ones and returns what all
// say together.
func (m *mixture) join(y *[modelCount + 1]float64, base float64, x *[4]float64) float64 {
	linear := float64(m.coef[0]*x[0]) + float64(m.coef[1]*x[1]) + float64(m.coef[2]*x[2]) + float64(m.coef[3]*x[3])
	y[regressionModel] = base + linear
	if m.young {
		y[regressionModel] = y[smoothModel]
	}
	w := &m.weights
	return float64(w[0]*y[0]) + float64(w[1]*y[1]) + float64(w[2]*y[2]) + float64(w[3]*y[3])
}

// guided draws the ensemble's forecast of a target to a guide's, by how the two
// did at a lead; it returns the guide's forecast besides.
func (s *Series) guided(y *[modelCount + 1]float64, m *mixture, g *Guide, i int, at, origin model.Instant, keep, fast float64) float64 {
	follow := s.follow(g, at, origin, keep, fast)
	y[ensembleModel] += float64(s.guides.share(i, m.least, m.others) * (follow - y[ensembleModel]))
	return follow
}

// weights returns the models' shares at a lead: by the inverse third power of
// their errors, drawn to equal shares while there are few errors. least is the
// least of the errors, total the sum of the others' inverse third powers
// relative to it.
func (s *Series) weights(b *block) (w [modelCount]float64, least, total float64) {
	least = math.Inf(1)
	for m := range w {
		least = min(least, float64(b.error[m]))
	}
	for m := range w {
		w[m] = 1
		if e := float64(b.error[m]); e > 0 {
			r := least / e
			w[m] = r * r * r
		}
		total += w[m]
	}
	own := float64(b.seen) / (float64(b.seen) + 12)
	for m := range w {
		w[m] = own*w[m]/total + (1-own)/modelCount
	}
	return w, least, total
}

// learnErrors compares what every block would have said of this bin with what
// came, and learns weights, regression and error quantiles from it.
func (s *Series) learnErrors(at model.Instant, base, quiet float64) {
	n, slot := s.number(at), 0
	if s.lay.daySlots > 0 {
		slot = s.lay.slotOf(at)
	}
	if last, ok := s.lastSeason(slot); ok {
		s.naiveScale = average(s.naiveScale, math.Abs(quiet-last), float64(s.count)-float64(s.lay.day)/float64(s.lay.bin), 1-s.lay.memory)
	}
	for i := range s.lay.blocks {
		b, lead := &s.blocks[i], s.lay.leads[i]
		if n < int64(lead) {
			break
		}
		if every := s.lay.stride; i > 0 && (n+int64(i))%every != 0 || i == 0 && every > 1 && n&1 == 0 {
			continue // in turn: neighbouring targets tell much the same
		}
		fast, slow := s.origin(n, lead)
		x, m := s.regressorsOf(slot, base, fast, slow), s.mix(b)
		y := s.predict(&m, s.lay.keep[i], base, &x)
		if g, origin := s.onTrial(i, at); g != nil {
			s.judgeGuide(i, s.guided(&y, &m, g, i, at, origin, s.lay.keep[i], fast), quiet)
		}
		s.learnZone(b, lead, at, quiet-y[ensembleModel])
		for m, v := range y {
			b.error[m] = average(b.error[m], math.Abs(quiet-v), float64(b.seen), 1-s.lay.memory)
		}
		limit := 6 * float64(s.spread)
		s.learnRegression(b, &x, min(max(quiet-base, -limit), limit))
		b.seen = min(b.seen+1, 1e6)
		if int(b.seen)&3 == 0 {
			s.solve(b, s.lay.keep[i])
		}
	}
}

// learnZone moves the error quantiles of a block one step: each rises by its
// level times the step where the error is above it and falls by the rest where
// it is not (online quantile tracking; Gibbs & Candes, NeurIPS 2021, and
// Angelopoulos et al., NeurIPS 2023), which keeps the long-run coverage at the
// level whatever the errors do. Errors are taken in units of what is usual at that
// time of the season, so that quiet hours don't narrow the bands of busy ones.
func (s *Series) learnZone(b *block, lead int, at model.Instant, err float64) {
	scale := s.errorScale(b)
	if scale <= 0 {
		return
	}
	usual := s.shapeAt(at)
	s.learnShape(at, math.Abs(err/scale))
	scale *= usual
	u := err / scale
	s.judge(b, u, scale)
	step := 0.06 / math.Sqrt(1+float64(lead)/4)
	for l, p := range zoneLevels {
		if u > float64(b.zone[l]) {
			b.zone[l] += float32(step * zoneSteps[l] * p)
		} else {
			b.zone[l] -= float32(step * zoneSteps[l] * (1 - p))
		}
	}
	for l := 1; l < len(b.zone); l++ {
		b.zone[l] = max(b.zone[l], b.zone[l-1])
	}
}

const (
	shapeGain  = 0.012 // three days of five-minute bins
	shapeClip  = 5     // a surprise says no more of what is usual than that
	shapeLeast = 0.2
	// shapeUnit is one in shape's fixed point: two bytes a part in the state,
	// and fine enough for shapeGain to move it.
	shapeUnit = 8192
)

// learnShape moves the usual error of a part of the season.
func (s *Series) learnShape(at model.Instant, u float64) {
	if s.lay.parts > 1 {
		p := &s.shape[s.lay.part(at)]
		old := float64(*p) / shapeUnit
		*p = uint16(math.Round(shapeUnit * (old + float64(shapeGain*(min(u, shapeClip)-old)))))
	}
}

// shapeAt is how large errors usually are around an instant of the season, in
// units of the average.
func (s *Series) shapeAt(at model.Instant) float64 {
	if s.lay.parts <= 1 {
		return 1
	}
	return s.shapeOf(s.lay.part(at))
}

// shapeOf is shapeAt in a part of the season.
func (s *Series) shapeOf(i int) float64 {
	n := s.lay.parts
	if n <= 1 {
		return 1
	}
	before, after := i-1, i+1
	if i == 0 {
		before = n - 1
	}
	if after == n {
		after = 0
	}
	sum := int(s.shape[before]) + 2*int(s.shape[i]) + int(s.shape[after])
	return max(shapeLeast, float64(sum)/(4*shapeUnit))
}

// part returns the part of the first season that holds an instant.
func (l *layout) part(at model.Instant) int {
	phase := int64(l.zone.Wall(at)) % l.day
	if phase < 0 {
		phase += l.day
	}
	return int(phase * int64(l.parts) / l.day)
}

// errorScale is the ensemble's mean absolute error at a lead, drawn to the
// fleet's prior while there are few.
func (s *Series) errorScale(b *block) float64 {
	prior := s.prior()
	believed := prior.Spread * max(math.Abs(float64(s.level)), math.Abs(float64(s.value)))
	n := float64(b.seen)
	own := max(float64(b.error[ensembleModel]), 0)
	if b.seen == 0 {
		own = float64(s.spread)
		n = min(float64(s.count), prior.Strength)
	}
	return (n*own + prior.Strength*believed*fade(n)) / (n + prior.Strength*fade(n))
}

// fade takes the prior out for good once a series has spoken often enough.
func fade(n float64) float64 { return max(0, 1-n/64) }

func (s *Series) prior() *Prior {
	if s.cfg.Prior != nil {
		return s.cfg.Prior
	}
	return &defaultPrior
}

var defaultPrior = *DefaultPrior()

// average moves a decayed mean; the first values weigh equally.
func average(mean float32, v, n, gain float64) float32 {
	gain = max(gain, 1/(max(0, n)+1))
	return mean + float32(gain*(v-float64(mean)))
}

// learnRegression adds one target to a block's decayed products.
func (s *Series) learnRegression(b *block, x *[4]float64, target float64) {
	keep := float32(1 - (1-s.lay.memory)/3)
	k := 0
	for i := range 4 {
		for j := i; j < 4; j++ {
			b.gram[k] = b.gram[k]*keep + float32(x[i]*x[j])
			k++
		}
		b.gram[k] = b.gram[k]*keep + float32(x[i]*target)
		k++
	}
}

// solve sets a block's coefficients: ridge towards the smoothing model, by
// Cholesky's decomposition of the four normal equations.
func (s *Series) solve(b *block, keep float64) {
	var a [4][5]float64
	k := 0
	for i := range 4 {
		for j := i; j < 4; j++ {
			a[i][j], a[j][i] = float64(b.gram[k]), float64(b.gram[k])
			k++
		}
		a[i][4] = float64(b.gram[k])
		k++
	}
	trace := a[0][0] + a[1][1] + a[2][2] + a[3][3]
	if !(trace > 0) || math.IsInf(trace, 0) {
		return
	}
	prior := [4]float64{keep, 1 - keep, 0, 0}
	for i := range 4 {
		ridge := 0.01*trace + 1e-9*trace
		a[i][i] += ridge
		a[i][4] += ridge * prior[i]
	}
	if x, ok := solveFour(a); ok {
		for i, v := range x {
			b.coef[i] = float32(min(max(v, -2), 2))
		}
	}
}

// solveFour solves four symmetric equations by elimination without pivoting,
// which is stable where the matrix is positive definite.
func solveFour(a [4][5]float64) (x [4]float64, ok bool) {
	for i := range 4 {
		if !(a[i][i] > 0) {
			return x, false
		}
		for r := i + 1; r < 4; r++ {
			f := a[r][i] / a[i][i]
			for c := i; c < 5; c++ {
				a[r][c] -= float64(f * a[i][c])
			}
		}
	}
	for i := 3; i >= 0; i-- {
		x[i] = a[i][4]
		for c := i + 1; c < 4; c++ {
			x[i] -= float64(a[i][c] * x[c])
		}
		x[i] /= a[i][i]
		if math.IsNaN(x[i]) || math.IsInf(x[i], 0) {
			return x, false
		}
	}
	return x, true
}
