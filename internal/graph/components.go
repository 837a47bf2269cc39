package graph

import (
	"slices"

	"drover/internal/model"
)

// Components returns the strongly connected components, callers before callees:
// applications of one component call each other in a circle. Most have one
// application. Tarjan's algorithm (1972), without recursion.
func (v *View) Components() [][]model.ApplicationID {
	t := tarjan{view: v, order: make([]int32, len(v.apps)), low: make([]int32, len(v.apps)), onStack: make([]bool, len(v.apps))}
	for n := range v.apps {
		if t.order[n] == 0 {
			t.visit(int32(n))
		}
	}
	slices.Reverse(t.components)
	return t.components
}

// tarjan is the state of the algorithm. order is 0 for nodes not yet visited.
type tarjan struct {
	view       *View
	order, low []int32
	visited    int32
	stack      []int32
	onStack    []bool
	components [][]model.ApplicationID
}

// frame is a node whose edges from next on are still to be followed.
type frame struct{ node, next int32 }

func (t *tarjan) visit(root int32) {
	calls := []frame{t.enter(root)}
	for len(calls) > 0 {
		f := &calls[len(calls)-1]
		if f.next < t.view.out[f.node+1] {
			callee := t.view.ends[f.next].callee
			f.next++
			switch {
			case t.order[callee] == 0:
				calls = append(calls, t.enter(callee))
			case t.onStack[callee]:
				t.low[f.node] = min(t.low[f.node], t.order[callee])
			}
			continue
		}
		done := f.node
		calls = calls[:len(calls)-1]
		if len(calls) > 0 {
			caller := calls[len(calls)-1].node
			t.low[caller] = min(t.low[caller], t.low[done])
		}
		if t.low[done] == t.order[done] {
			t.emit(done)
		}
	}
}

func (t *tarjan) enter(n int32) frame {
	t.visited++
	t.order[n], t.low[n] = t.visited, t.visited
	t.stack = append(t.stack, n)
	t.onStack[n] = true
	return frame{n, t.view.out[n]}
}

// emit takes the component of root off the stack.
func (t *tarjan) emit(root int32) {
	var component []model.ApplicationID
	for {
		n := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.onStack[n] = false
		component = append(component, t.view.apps[n])
		if n == root {
			break
		}
	}
	slices.Sort(component)
	t.components = append(t.components, component)
}
