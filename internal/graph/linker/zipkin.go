package linker

import (
	"strings"

	"drover/internal/model"
)

// Zipkin makes the links that Zipkin's DependencyLinker makes (openzipkin/zipkin,
// zipkin2.internal.DependencyLinker): between server spans, with client spans
// only at the bottom of the tree, where they name a peer that is not
// instrumented. It differs from Parents in these points:
//
//   - A span of no kind that names both sides counts as a client's.
//   - Messages link to and from their broker only, never producer to consumer.
//   - A client span whose service is not its nearest remote ancestor's tells of
//     a lost call between the two, which is linked too.
//   - A server's call is an error also where only its client's span says so.
//
// Names are compared in lower case, as Zipkin stores them. spans is not changed.
func Zipkin(spans []model.Span) ([]model.Call, Counts) {
	l := zipkinLinker{}
	normal := make([]model.Span, 0, len(spans))
	for _, s := range spans {
		if s = normalise(s); s.ID != "" { // a span without id has no place in a tree
			normal = append(normal, s)
		}
	}
	for _, trace := range byTrace(normal) {
		l.counts.Traces++
		for _, s := range trace {
			l.counts.note(s)
		}
		trace = mergeSpans(trace, &l.counts)
		l.countParents(trace)
		root := buildTree(trace)
		root.breadthFirst(func(n *treeNode) { l.link(n, n == root) })
	}
	l.counts.Calls = uint64(len(l.calls))
	return l.calls, l.counts
}

// normalise writes a span as Zipkin would store it.
func normalise(s model.Span) model.Span {
	s.ID, s.ParentID = trimID(strings.ToLower(s.ID)), trimID(strings.ToLower(s.ParentID))
	s.TraceID = strings.ToLower(s.TraceID)
	if s.ParentID == s.ID {
		s.ParentID = ""
	}
	s.Service = model.ApplicationID(strings.ToLower(string(s.Service)))
	s.Peer = model.ApplicationID(strings.ToLower(string(s.Peer)))
	if s.Kind == model.SpanInternal {
		s.Kind = model.SpanUnspecified
	}
	s.Shared = s.Shared && s.Kind != model.SpanClient // only the other half shares
	return s
}

// zipkinLinker gathers the links of traces.
type zipkinLinker struct {
	calls  []model.Call
	counts Counts
}

// countParents counts orphans and children outside of their parents.
func (l *zipkinLinker) countParents(trace []*model.Span) {
	byID := map[string]*model.Span{}
	for _, s := range trace {
		byID[s.ID] = s
	}
	for _, s := range trace {
		if s.ParentID == "" {
			continue
		}
		if parent := byID[s.ParentID]; parent == nil {
			l.counts.Orphans++
		} else {
			l.counts.noteParent(s, parent)
		}
	}
}

// link makes the links that one span stands for.
func (l *zipkinLinker) link(n *treeNode, isRoot bool) {
	s, kind := n.span, n.span.Kind
	switch {
	case kind == model.SpanClient && len(n.children) > 0:
		return // what is below knows better who answered
	case kind == model.SpanUnspecified && (s.Service == "" || s.Peer == ""):
		return // local
	case kind == model.SpanUnspecified:
		kind = model.SpanClient
	}
	switch kind {
	case model.SpanServer:
		if isRoot && s.Peer == "" {
			return // who called is unknown
		}
		l.linkRPC(n, kind, s.Peer, s.Service)
	case model.SpanClient:
		l.linkRPC(n, kind, s.Service, s.Peer)
	case model.SpanConsumer:
		l.add(s, s.Peer, s.Service, s.Error, model.Inferred)
	case model.SpanProducer:
		l.add(s, s.Service, s.Peer, s.Error, model.Inferred)
	}
}

// linkRPC links a server's or a client's span, with the caller that its remote
// ancestor is.
func (l *zipkinLinker) linkRPC(n *treeNode, kind model.SpanKind, caller, callee model.ApplicationID) {
	s, failed, origin := n.span, n.span.Error, model.Inferred
	if a := n.remoteAncestor(); a != nil && a.Service != "" {
		if kind == model.SpanClient && s.Service != "" && a.Service != s.Service {
			l.add(s, a.Service, s.Service, false, model.Inferred)
		}
		if kind == model.SpanServer || caller == "" {
			caller = a.Service
		}
		if kind == model.SpanServer {
			origin = model.Observed
		}
		// Where client and server have spans of their own, the client's was skipped
		// and may be the only one that knows of the error.
		if a.Kind == model.SpanClient && s.ParentID != "" && s.ParentID == a.ID {
			failed = failed || a.Error
		}
	}
	l.add(s, caller, callee, failed, origin)
}

// add adds a link where both ends are known.
func (l *zipkinLinker) add(s *model.Span, caller, callee model.ApplicationID, failed bool, origin model.EdgeOrigin) {
	if caller == "" || callee == "" {
		if s.Kind == model.SpanClient {
			l.counts.UnnamedPeer++
		}
		return
	}
	if origin == model.Inferred {
		l.counts.Inferred++
	}
	l.calls = append(l.calls, newCall(s, caller, callee, failed, origin))
}
