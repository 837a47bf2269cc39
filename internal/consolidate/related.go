package consolidate

import (
	"math"
	"slices"
)

const (
	// errorMemory is over how many ticks the errors of VMs are compared.
	errorMemory = 288
	// errorSteps is how many steps an error as large as the VM is kept in.
	errorSteps = 127
	// relatedVMs is the largest fleet whose VMs are compared: the sums take 2
	// bytes a pair, and each tick as many additions as there are pairs.
	relatedVMs = 4000
)

// errorHistory keeps the latest one-step prediction errors of all VMs, rounded
// to whole steps, and the sums of their products over time for each pair. The
// sums are exact, so that they follow from the errors kept and from nothing else.
type errorHistory struct {
	vms  int
	rows [][]int8 // by tick, the oldest first; each by VM
	sums []int32  // row by row of the lower triangle: VM v with 0..v
}

func newErrorHistory(vms int) *errorHistory {
	e := &errorHistory{vms: vms}
	if vms <= relatedVMs {
		e.sums = make([]int32, vms*(vms+1)/2)
	}
	return e
}

// add takes a tick's errors, in shares of the VMs' sizes, and forgets those of
// the tick that is too long ago. A fleet that is too large is not followed.
func (e *errorHistory) add(errors []float64) {
	if e.sums == nil {
		return
	}
	row := make([]int8, e.vms)
	for v, x := range errors {
		row[v] = int8(math.Round(float64(errorSteps * min(max(x, -1), 1))))
	}
	e.addRow(row)
	if len(e.rows) > errorMemory {
		e.count(e.rows[0], -1)
		e.rows = slices.Delete(e.rows, 0, 1)
	}
}

func (e *errorHistory) addRow(row []int8) {
	e.count(row, 1)
	e.rows = append(e.rows, row)
}

// count adds the products of a row to the sums, sign times.
func (e *errorHistory) count(row []int8, sign int32) {
	at := 0
	for v, x := range row {
		sums := e.sums[at : at+v+1]
		at += v + 1
		if x == 0 {
			continue
		}
		f := sign * int32(x)
		for w, y := range row[:v+1] {
			sums[w] += f * int32(y)
		}
	}
}

// related is another VM and the covariance with its demand, in MIPS².
type related struct {
	vm         int
	covariance float64
}

// relate lists for each VM those that its demand moves with or against, given
// the standard deviations in MIPS.
//
// Nearly all of a fleet's pairs are independent, and by chance alone a few of
// half a million correlate by .4 over a hundred ticks. A correlation is believed
// by a logistic function of how many standard deviations (1/sqrt(ticks)) it is
// from none.
func (e *errorHistory) relate(near [][]related, sd []float64, t *RelatedTuning) {
	for v := range near {
		near[v] = near[v][:0]
	}
	if e.sums == nil || len(e.rows) < t.Ticks {
		return
	}
	ticks := float64(len(e.rows))
	doubted := t.Deviations - float64(1.5*t.Softness) // what lies below is left out
	enough := doubted * doubted / ticks
	inverse := make([]float64, e.vms) // of each VM's own sum
	at := 0
	for v := range e.vms {
		if own := e.sums[at+v]; own > 0 {
			inverse[v] = 1 / float64(own)
		}
		for w, sum := range e.sums[at : at+v] {
			x := float64(sum)
			if float64(x*x*inverse[v]*inverse[w]) <= enough {
				continue
			}
			r := x * math.Sqrt(inverse[v]*inverse[w])
			beyond := float64(math.Abs(r)*math.Sqrt(ticks)) - t.Deviations
			c := t.Share * r * sd[v] * sd[w] / (1 + math.Exp(-beyond/t.Softness))
			near[v] = append(near[v], related{w, c})
			near[w] = append(near[w], related{v, c})
		}
		at += v + 1
	}
	bound(near, sd, t.Most)
}

// bound scales covariances down until those of no VM add up to more than a
// share of its variance, so that every set of VMs keeps a positive one.
func bound(near [][]related, sd []float64, most float64) {
	scale := make([]float64, len(near))
	for v, list := range near {
		sum := 0.0
		for _, r := range list {
			sum += math.Abs(r.covariance)
		}
		scale[v] = 1
		if limit := float64(most * sd[v] * sd[v]); sum > limit {
			scale[v] = limit / sum
		}
	}
	for v, list := range near {
		for i := range list {
			list[i].covariance *= min(scale[v], scale[list[i].vm])
		}
	}
}

// share is what VM v adds to the load of host h, whether it is there or not:
// its variance with the covariances with others there.
func (p *placement) share(v, h int) load {
	l := p.vms[v]
	for _, r := range p.near[v] {
		if p.at[r.vm] == h {
			l.variance += float64(2 * r.covariance)
		}
	}
	return l
}

// between is the covariance of two VMs.
func (p *placement) between(v, w int) float64 {
	for _, r := range p.near[v] {
		if r.vm == w {
			return r.covariance
		}
	}
	return 0
}
