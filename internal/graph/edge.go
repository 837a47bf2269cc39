package graph

import (
	"math"
	"math/bits"

	"drover/internal/model"
)

// originCount is the number of bits of model.EdgeOrigin in use.
const originCount = 3

// allOrigins holds every origin.
const allOrigins = model.Declared | model.Observed | model.Inferred

// edgeKey identifies an edge by its names' symbols.
type edgeKey struct{ fleet, caller, callee symbol }

// edgeState is what a Graph keeps of an edge. The sums are decayed, relative to
// reference (see decay).
type edgeState struct {
	edgeKey
	dirty     bool // changed since the last Changed
	reference int64
	calls     float64
	errors    float64
	request   float64 // bytes
	response  float64 // bytes
	latency   latency

	totalCalls  uint64
	totalErrors uint64
	firstSeen   model.Instant
	// lastSeen is kept for each origin; 0: never.
	lastSeen [originCount]model.Instant
	// longestGap is the longest silence between two calls, in milliseconds.
	longestGap int64
	// published is when a reader was last told of the edge.
	published model.Instant
}

// last returns the latest time that the edge was seen, by any origin.
func (e *edgeState) last() model.Instant { return max(e.lastSeen[0], e.lastSeen[1], e.lastSeen[2]) }

// lastUsed returns the latest time that a call was seen, or 0.
func (e *edgeState) lastUsed() model.Instant { return max(e.lastSeen[1], e.lastSeen[2]) }

// fold adds a call. A declaration has no calls.
func (e *edgeState) fold(c *model.Call, d decay) {
	e.see(c)
	if c.Origin == model.Declared {
		return
	}
	if ref := d.reference(c.At); ref > e.reference+rescaleAfter {
		e.moveReference(ref)
	}
	w := d.weight(e.reference, c.At)
	e.calls += w * float64(c.Calls)
	e.errors += w * float64(c.Errors)
	e.request += w * float64(c.RequestBytes)
	e.response += w * float64(c.ResponseBytes)
	e.totalCalls = addSaturating(e.totalCalls, c.Calls)
	e.totalErrors = addSaturating(e.totalErrors, c.Errors)
	for _, micros := range c.DurationMicros {
		e.latency.add(micros, w)
	}
}

// see notes when and by whom the edge was seen.
func (e *edgeState) see(c *model.Call) {
	if used := e.lastUsed(); used != 0 && c.Origin != model.Declared && c.At > used {
		e.longestGap = max(e.longestGap, int64(c.At-used))
	}
	for i := range e.lastSeen {
		if c.Origin&(1<<i) != 0 {
			e.lastSeen[i] = max(e.lastSeen[i], c.At)
		}
	}
	if e.firstSeen == 0 || c.At < e.firstSeen {
		e.firstSeen = c.At
	}
}

// moveReference makes the sums relative to a newer reference.
func (e *edgeState) moveReference(ref int64) {
	shift := int(min(ref-e.reference, 2000)) // 2^-2000 is zero already
	for _, sum := range []*float64{&e.calls, &e.errors, &e.request, &e.response} {
		*sum = math.Ldexp(*sum, -shift)
	}
	e.latency.scale(shift)
	e.reference = ref
}

// origins returns those that have seen the edge recently enough as of at.
func (e *edgeState) origins(at model.Instant, cfg *Config) model.EdgeOrigin {
	var o model.EdgeOrigin
	for i, seen := range e.lastSeen {
		limit := cfg.GoneAfter
		if model.EdgeOrigin(1<<i) == model.Declared {
			limit = cfg.DeclaredGoneAfter
		}
		if seen != 0 && at-seen <= model.Instant(limit.Milliseconds()) {
			o |= 1 << i
		}
	}
	return o
}

// declaredConfidence is the confidence of an edge that is declared but was
// never or not lately seen in use: nothing speaks for or against it.
const declaredConfidence = 0.5

// confidence is the probability that the edge is still in use after the silence
// up to at. An edge in use shows itself at a rate of one per its longest gap (at
// most one per half-life) and is retired with a hazard of ln 2 per GoneAfter;
// given those two the probability is that of the Pareto/NBD model (Schmittlein,
// Morrison, Colombo 1987): 1 / (1 + m/(l+m) (e^((l+m) silence) - 1)).
func (e *edgeState) confidence(at model.Instant, origins model.EdgeOrigin, cfg *Config) float64 {
	p := 0.0
	if origins&(model.Observed|model.Inferred) != 0 {
		gap := max(float64(e.longestGap)/1000, cfg.HalfLife.Seconds())
		show, retire := 1/gap, math.Ln2/cfg.GoneAfter.Seconds()
		silence := max(seconds(e.lastUsed(), at), 0)
		p = 1 / (1 + retire/(show+retire)*math.Expm1((show+retire)*silence))
	}
	if origins&model.Declared != 0 {
		p = max(p, declaredConfidence)
	}
	return p
}

// addSaturating returns a + b, or the largest number where that overflows.
func addSaturating(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry != 0 {
		return math.MaxUint64
	}
	return sum
}
