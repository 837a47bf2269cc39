// Package lstm holds a long short-term memory network, trained here by
// backpropagation through its whole window, and the global model that forecasts
// every series of a panel with one such network.
//
// Sources: Hochreiter & Schmidhuber (Neural Computation 1997), with the forget
// gate of Gers, Schmidhuber & Cummins (2000); Kingma & Ba, "Adam" (ICLR 2015);
// Pascanu, Mikolov & Bengio (ICML 2013) for the clipping of gradients.
package lstm

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
)

// shape is the sizes of a network: in values a step, over steps, hidden cells,
// skip values that go straight to the output, out values.
type shape struct {
	steps, in, hidden, skip, out int
}

// Network is the weights in one slice, so that the optimiser and the gradient
// check see one vector. Gates stand in the order input, forget, output, cell;
// each gate row is [in | hidden | bias].
type Network struct {
	shape
	w []float64
	// work space of one sample
	act            [][]float64 // gates after their functions, 4*hidden a step
	cell, state    [][]float64 // steps+1 each
	dState, dCell  []float64
	dGates, joined []float64
}

func (s shape) row() int     { return s.in + s.hidden + 1 }
func (s shape) outRow() int  { return s.hidden + s.skip + 1 }
func (s shape) gates() int   { return 4 * s.hidden * s.row() }
func (s shape) weights() int { return s.gates() + s.out*s.outRow() }

// newNetwork draws weights uniformly within one over the root of the fan-in;
// forget gates start open, and the output starts at zero.
func newNetwork(s shape, rng *rand.Rand) *Network {
	n := &Network{shape: s, w: make([]float64, s.weights())}
	bound := 1 / math.Sqrt(float64(s.in+s.hidden))
	for i := range n.w[:s.gates()] {
		n.w[i] = (2*rng.Float64() - 1) * bound
	}
	for u := range 4 * s.hidden {
		bias := 0.0
		if u/s.hidden == 1 {
			bias = 1
		}
		n.w[(u+1)*s.row()-1] = bias
	}
	n.workspace()
	return n
}

func (n *Network) workspace() {
	for range n.steps {
		n.act = append(n.act, make([]float64, 4*n.hidden))
	}
	for range n.steps + 1 {
		n.cell = append(n.cell, make([]float64, n.hidden))
		n.state = append(n.state, make([]float64, n.hidden))
	}
	n.dState, n.dCell = make([]float64, n.hidden), make([]float64, n.hidden)
	n.dGates, n.joined = make([]float64, 4*n.hidden), make([]float64, n.in+n.hidden)
}

func dot(a, b []float64) float64 { return floats.Dot(a, b) }

// add does to += k*from.
func add(to, from []float64, k float64) { floats.AddScaled(to, k, from) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// forward runs one window (steps x in values) and its skip values to out.
func (n *Network) forward(window, skip, out []float64) {
	row := n.row()
	for t := range n.steps {
		x, h := window[t*n.in:(t+1)*n.in], n.state[t]
		a, c, next, hidden := n.act[t], n.cell[t], n.cell[t+1], n.state[t+1]
		for u := range a {
			w := n.w[u*row : (u+1)*row]
			sum := w[row-1] + dot(x, w[:n.in]) + dot(h, w[n.in:row-1])
			if u < 3*n.hidden {
				a[u] = sigmoid(sum)
			} else {
				a[u] = math.Tanh(sum)
			}
		}
		for j := range next {
			next[j] = a[n.hidden+j]*c[j] + a[j]*a[3*n.hidden+j]
			hidden[j] = a[2*n.hidden+j] * math.Tanh(next[j])
		}
	}
	last, outRow := n.state[n.steps], n.outRow()
	for o := range out {
		w := n.w[n.gates()+o*outRow : n.gates()+(o+1)*outRow]
		out[o] = w[outRow-1] + dot(last, w[:n.hidden]) + dot(skip, w[n.hidden:outRow-1])
	}
}

// backward adds the gradient of one sample to grad, given the gradient of the
// loss by the outputs of the forward pass just made.
func (n *Network) backward(window, skip, dOut, grad []float64) {
	last, outRow := n.state[n.steps], n.outRow()
	clear(n.dState)
	clear(n.dCell)
	for o, d := range dOut {
		if d == 0 {
			continue
		}
		at := n.gates() + o*outRow
		w, g := n.w[at:at+outRow], grad[at:at+outRow]
		add(g[:n.hidden], last, d)
		add(g[n.hidden:outRow-1], skip, d)
		g[outRow-1] += d
		add(n.dState, w[:n.hidden], d)
	}
	for t := n.steps - 1; t >= 0; t-- {
		n.backwardStep(t, window[t*n.in:(t+1)*n.in], grad)
	}
}

// backwardStep takes dState and dCell from after step t to before it.
func (n *Network) backwardStep(t int, x, grad []float64) {
	h, a, row := n.hidden, n.act[t], n.row()
	for j := range h {
		in, forget, out, cand := a[j], a[h+j], a[2*h+j], a[3*h+j]
		squashed := math.Tanh(n.cell[t+1][j])
		d := n.dCell[j] + n.dState[j]*out*(1-squashed*squashed)
		n.dGates[j] = d * cand * in * (1 - in)
		n.dGates[h+j] = d * n.cell[t][j] * forget * (1 - forget)
		n.dGates[2*h+j] = n.dState[j] * squashed * out * (1 - out)
		n.dGates[3*h+j] = d * in * (1 - cand*cand)
		n.dCell[j] = d * forget
	}
	clear(n.dState)
	before := n.state[t]
	for u, d := range n.dGates {
		w, g := n.w[u*row:(u+1)*row], grad[u*row:(u+1)*row]
		add(g[:n.in], x, d)
		add(g[n.in:row-1], before, d)
		g[row-1] += d
		add(n.dState, w[n.in:row-1], d)
	}
}
