package linker

import (
	"slices"

	"drover/internal/model"
)

// treeNode is a span at its place in the trace. The root has no span where the
// trace's real root was never reported.
type treeNode struct {
	span     *model.Span
	parent   *treeNode
	children []*treeNode
}

// nodeKey addresses a span of a trace: by id, and for the server half of a
// shared id by its endpoint too, since several servers may have answered one
// client.
type nodeKey struct {
	id     string
	shared bool
	at     endpoint
}

// treeBuilder places spans by the rules of Zipkin's span tree.
type treeBuilder struct {
	root *treeNode
	// parents holds each placed span's parent; order lists the keys as they came.
	parents map[nodeKey]nodeKey
	order   []nodeKey
	nodes   map[nodeKey]*treeNode
}

// buildTree returns the root of a cleaned trace.
func buildTree(trace []*model.Span) *treeNode {
	b := &treeBuilder{parents: map[nodeKey]nodeKey{}, nodes: map[nodeKey]*treeNode{}}
	for _, s := range trace {
		if s.Shared {
			// The parent of a server's half is the client's half.
			b.setParent(nodeKey{s.ID, true, endpointOf(s)}, nodeKey{id: s.ID})
		} else {
			b.setParent(nodeKey{id: s.ID}, nodeKey{id: s.ParentID})
		}
	}
	for _, s := range trace {
		b.place(s)
	}
	if b.root == nil {
		b.root = &treeNode{}
	}
	for _, key := range b.order {
		child, parent := b.nodes[key], b.nodes[b.parents[key]]
		if child == nil {
			continue
		}
		if parent == nil || parent == child {
			parent = b.root // headless spans hang from the root
		}
		child.parent = parent
		parent.children = append(parent.children, child)
	}
	return b.root
}

func (b *treeBuilder) setParent(key, parent nodeKey) {
	if _, known := b.parents[key]; !known {
		b.order = append(b.order, key)
	}
	b.parents[key] = parent
}

// place makes a span's node and decides what it hangs from. The first span
// without a parent is the root; later ones hang from it.
func (b *treeBuilder) place(s *model.Span) {
	node := &treeNode{span: s}
	if s.Shared {
		// Found with and without its endpoint: children may not know theirs.
		b.nodes[nodeKey{s.ID, true, endpointOf(s)}] = node
		b.nodes[nodeKey{id: s.ID, shared: true}] = node
		return
	}
	key := nodeKey{id: s.ID}
	if s.ParentID == "" {
		if b.root == nil {
			b.root = node
			delete(b.parents, key)
			b.order = slices.DeleteFunc(b.order, func(k nodeKey) bool { return k == key })
			return
		}
	} else if half := (nodeKey{s.ParentID, true, endpointOf(s)}); b.has(half) {
		// The nearest parent is the server's half on the span's own endpoint.
		b.setParent(key, half)
	}
	b.nodes[key] = node
}

func (b *treeBuilder) has(key nodeKey) bool {
	_, ok := b.parents[key]
	return ok
}

// breadthFirst calls each span's node from the root down.
func (n *treeNode) breadthFirst(each func(*treeNode)) {
	queue := []*treeNode{n}
	if n.span == nil {
		queue = append([]*treeNode{}, n.children...)
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = append(queue[1:], at.children...)
		each(at)
	}
}

// remoteAncestor returns the nearest ancestor with a kind: spans without one are
// local to its process.
func (n *treeNode) remoteAncestor() *model.Span {
	for a := n.parent; a != nil; a = a.parent {
		if a.span != nil && a.span.Kind != model.SpanUnspecified {
			return a.span
		}
	}
	return nil
}
