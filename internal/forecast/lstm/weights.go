package lstm

import (
	"encoding/binary"
	"math"
)

// AppendWeights appends the network: its shape, then the weights in single
// precision, and sets the weights to what was written, so that going on from
// memory and from the bytes are the same.
func (f *Fitted) AppendWeights(b []byte) []byte {
	if f.net == nil {
		return b
	}
	for _, n := range f.net.sizes() {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	for i, w := range f.net.w {
		f.net.w[i] = float64(float32(w))
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(w)))
	}
	return b
}

func (s shape) sizes() [5]int { return [5]int{s.steps, s.in, s.hidden, s.skip, s.out} }

// readWeights takes over weights of the same shape; ok is false where b holds
// others, or none.
func (n *Network) readWeights(b []byte) (ok bool) {
	sizes := n.sizes()
	if len(b) != 4*(len(sizes)+len(n.w)) {
		return false
	}
	for i, size := range sizes {
		if binary.LittleEndian.Uint32(b[4*i:]) != uint32(size) {
			return false
		}
	}
	w := make([]float64, len(n.w))
	for i := range w {
		w[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*(len(sizes)+i):])))
		if math.IsNaN(w[i]) || math.IsInf(w[i], 0) {
			return false
		}
	}
	n.w = w
	return true
}
