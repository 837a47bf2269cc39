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
	return s.regressorsOf(s.lay.placeOf(at).slot, base, fast, slow)
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
func (s *Series) guided(y *[modelCount + 1]float64, m *mixture, g *Guide, i int, wall, origin model.Instant, keep, fast float64) float64 {
	follow := s.follow(g, wall, origin, keep, fast)
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

// learnErrors compares what every block would have said of bin n with what came,
// and learns weights, regression and error quantiles from it.
func (s *Series) learnErrors(at model.Instant, here *place, n int64, base, quiet float64) {
	if last, ok := s.lastSeason(here.slot); ok {
		s.naiveScale = average(s.naiveScale, math.Abs(quiet-last), float64(s.count)-s.lay.dayBins, 1-s.lay.memory)
	}
	every := s.lay.stride
	turn := n % every
	for i := range s.lay.blocks {
		if n < int64(s.lay.leads[i]) {
			break
		}
		judged := turn == 0 // in turn: neighbouring targets tell much the same
		if i == 0 {
			judged = every == 1 || n&1 == 1
		}
		if turn++; turn == every {
			turn = 0
		}
		if judged {
			s.learnLead(i, at, here, n, base, quiet)
		}
	}
}

// learnLead is learnErrors at one lead.
func (s *Series) learnLead(i int, at model.Instant, here *place, n int64, base, quiet float64) {
	b, keep := &s.blocks[i], s.lay.keep[i]
	fast, slow := s.origin(n, s.lay.leads[i])
	x, m := s.regressorsOf(here.slot, base, fast, slow), s.mix(b)
	y := s.predict(&m, keep, base, &x)
	if s.guides != nil {
		if g, origin := s.onTrial(i, at, here.wall); g != nil {
			s.judgeGuide(i, s.guided(&y, &m, g, i, here.wall, origin, keep, fast), quiet)
		}
	}
	gain := s.gain(b)
	s.learnZone(i, here.part, quiet-y[ensembleModel], gain)
	for m, v := range y {
		b.error[m] += float32(gain * (math.Abs(quiet-v) - float64(b.error[m])))
	}
	limit := 6 * float64(s.spread)
	s.learnRegression(b, &x, min(max(quiet-base, -limit), limit))
	b.seen = min(b.seen+1, 1e6)
	if int(b.seen)&3 == 0 {
		s.solve(b, keep)
	}
}

// gain is how far a block's decayed means move: the first values weigh equally.
func (s *Series) gain(b *block) float64 {
	return max(1-s.lay.memory, 1/(float64(b.seen)+1))
}

// learnZone moves the error quantiles of a block one step: each rises by its
// level times the step where the error is above it and falls by the rest where
// it is not (online quantile tracking; Gibbs & Candes, NeurIPS 2021, and
// Angelopoulos et al., NeurIPS 2023), which keeps the long-run coverage at the
// level whatever the errors do. Errors are taken in units of what is usual in that
// part of the season, so that quiet hours don't narrow the bands of busy ones.
func (s *Series) learnZone(i, part int, err, gain float64) {
	b := &s.blocks[i]
	scale := s.errorScale(b)
	if scale <= 0 {
		return
	}
	usual := s.shapeOf(part)
	s.learnShape(part, math.Abs(err/scale))
	scale *= usual
	u := err / scale
	s.judge(b, u, scale, gain)
	rises, falls, zone := &s.lay.rises[i], &s.lay.falls[i], &b.zone
	for l, z := range zone {
		// As integers, so that there is no branch to guess wrong.
		up, step := math.Float32bits(rises[l]), math.Float32bits(-falls[l])
		if u > float64(z) {
			step = up
		}
		zone[l] = z + math.Float32frombits(step)
	}
	for l := 1; l < len(zone); l++ {
		if zone[l] < zone[l-1] {
			zone[l] = zone[l-1]
		}
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
func (s *Series) learnShape(part int, u float64) {
	if s.lay.parts > 1 {
		p := &s.shape[part]
		old := float64(*p) / shapeUnit
		*p = uint16(shapeUnit*(old+float64(shapeGain*(min(u, shapeClip)-old))) + 0.5)
	}
}

// shapeOf is how large errors usually are around a part of the season, in units of
// the average.
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
	g, keep := &b.gram, s.lay.gramKeep
	p, q, r, t := x[0], x[1], x[2], x[3]
	g[0] = g[0]*keep + float32(p*p)
	g[1] = g[1]*keep + float32(p*q)
	g[2] = g[2]*keep + float32(p*r)
	g[3] = g[3]*keep + float32(p*t)
	g[4] = g[4]*keep + float32(p*target)
	g[5] = g[5]*keep + float32(q*q)
	g[6] = g[6]*keep + float32(q*r)
	g[7] = g[7]*keep + float32(q*t)
	g[8] = g[8]*keep + float32(q*target)
	g[9] = g[9]*keep + float32(r*r)
	g[10] = g[10]*keep + float32(r*t)
	g[11] = g[11]*keep + float32(r*target)
	g[12] = g[12]*keep + float32(t*t)
	g[13] = g[13]*keep + float32(t*target)
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
	if x, ok := solveFour(&a); ok {
		for i, v := range x {
			b.coef[i] = float32(min(max(v, -2), 2))
		}
	}
}

// solveFour solves four symmetric equations by elimination without pivoting,
// which is stable where the matrix is positive definite. a is used up.
func solveFour(a *[4][5]float64) (x [4]float64, ok bool) {
	p, q, r, t := &a[0], &a[1], &a[2], &a[3]
	if !(p[0] > 0) {
		return x, false
	}
	f, g, h := q[0]/p[0], r[0]/p[0], t[0]/p[0]
	for c := 1; c < 5; c++ {
		q[c] -= float64(f * p[c])
		r[c] -= float64(g * p[c])
		t[c] -= float64(h * p[c])
	}
	if !(q[1] > 0) {
		return x, false
	}
	g, h = r[1]/q[1], t[1]/q[1]
	for c := 2; c < 5; c++ {
		r[c] -= float64(g * q[c])
		t[c] -= float64(h * q[c])
	}
	if !(r[2] > 0) {
		return x, false
	}
	h = t[2] / r[2]
	t[3] -= float64(h * r[3])
	t[4] -= float64(h * r[4])
	if !(t[3] > 0) {
		return x, false
	}
	x[3] = t[4] / t[3]
	x[2] = (r[4] - float64(r[3]*x[3])) / r[2]
	x[1] = (q[4] - float64(q[2]*x[2]) - float64(q[3]*x[3])) / q[1]
	x[0] = (p[4] - float64(p[1]*x[1]) - float64(p[2]*x[2]) - float64(p[3]*x[3])) / p[0]
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return x, false
		}
	}
	return x, true
}
