package linker

import (
	"net/netip"
	"strings"

	"drover/internal/model"
)

// Parents makes a call of every span whose parent stands in another service, and
// of a server span whose parent is a client span of its own service (a service
// that calls itself). Where a span between the two does not say its service, the
// next ancestor counts that does. What only one side recorded is completed, and
// marked as inferred: a client or producer span without such a child calls the
// peer, database or broker that it names; a server or consumer span without
// parent is called by the peer that it names. spans is not changed.
func Parents(spans []model.Span) ([]model.Call, Counts) {
	l := parentLinker{}
	for _, trace := range byTrace(spans) {
		l.counts.Traces++
		l.trace(trace)
	}
	l.counts.Calls = uint64(len(l.calls))
	return l.calls, l.counts
}

// parentLinker gathers the calls of traces.
type parentLinker struct {
	calls  []model.Call
	counts Counts
}

// sideKey tells the two spans of a shared id, and spans of several services that
// were given one id, from repeats.
type sideKey struct {
	id      string
	service model.ApplicationID
	kind    model.SpanKind
}

func (l *parentLinker) trace(trace []*model.Span) {
	byID, kept := map[string]*model.Span{}, trace[:0]
	seen := map[sideKey]bool{}
	for _, s := range trace {
		l.counts.note(s)
		key := sideKey{s.ID, s.Service, s.Kind}
		if seen[key] {
			l.counts.Duplicates++
			continue
		}
		seen[key] = true
		kept = append(kept, s)
		// The half that calls on is the server's, where two share an id.
		if known := byID[s.ID]; known == nil || known.Kind == model.SpanClient && s.Kind == model.SpanServer {
			byID[s.ID] = s
		}
	}
	clients := map[string]*model.Span{}
	for _, s := range kept {
		if s.Kind == model.SpanClient || s.Kind == model.SpanProducer {
			clients[s.ID] = s
		}
	}
	answered := map[*model.Span]bool{}
	for _, s := range kept {
		l.span(s, parentOf(s, byID, clients), byID, answered)
	}
	for _, s := range kept {
		if (s.Kind == model.SpanClient || s.Kind == model.SpanProducer) && !answered[s] {
			l.infer(s)
		}
	}
}

// parentOf returns the parent span, or nil: of a server's half of a shared id
// the client's half.
func parentOf(s *model.Span, byID, clients map[string]*model.Span) *model.Span {
	if client := clients[s.ID]; client != nil && client != s && s.Kind == model.SpanServer {
		return client
	}
	if s.ParentID == "" || s.ParentID == s.ID {
		return nil
	}
	return byID[s.ParentID]
}

// span makes the call that a span is the callee's side of.
func (l *parentLinker) span(s, parent *model.Span, byID map[string]*model.Span, answered map[*model.Span]bool) {
	if parent == nil {
		if s.ParentID != "" {
			l.counts.Orphans++
		}
		if (s.Kind == model.SpanServer || s.Kind == model.SpanConsumer) && s.Service != "" {
			if peer, ok := peerOf(s); ok && peer != s.Service {
				l.add(s, peer, s.Service, s.Error, model.Inferred)
			}
		}
		return
	}
	l.counts.noteParent(s, parent)
	direct := parent
	// A chain that leads back to its start ends after as many steps as there are ids.
	for steps := 0; parent != nil && parent.Service == "" && steps < len(byID); steps++ {
		parent = byID[parent.ParentID]
	}
	if parent == nil || parent.Service == "" || s.Service == "" {
		return
	}
	calledItself := direct.Kind == model.SpanClient && s.Kind == model.SpanServer
	if parent.Service == s.Service && !calledItself {
		return
	}
	answered[direct] = true
	failed := s.Error || direct.Kind == model.SpanClient && direct.Error
	l.add(s, parent.Service, s.Service, failed, model.Observed)
}

// infer makes the call of a client's or producer's span that nobody recorded
// the other side of.
func (l *parentLinker) infer(s *model.Span) {
	peer, ok := peerOf(s)
	if !ok || s.Service == "" {
		l.counts.UnnamedPeer++
		return
	}
	l.add(s, s.Service, peer, s.Error, model.Inferred)
}

func (l *parentLinker) add(s *model.Span, caller, callee model.ApplicationID, failed bool, origin model.EdgeOrigin) {
	if origin == model.Inferred {
		l.counts.Inferred++
	}
	l.calls = append(l.calls, newCall(s, caller, callee, failed, origin))
}

// peerOf returns the name of the other side that a span gives: its service, else
// the kind of database or broker, else a host name. An IP address is no name.
func peerOf(s *model.Span) (model.ApplicationID, bool) {
	for _, name := range []string{string(s.Peer), s.DatabaseSystem, s.MessagingSystem} {
		if name != "" {
			return model.ApplicationID(name), true
		}
	}
	host := s.PeerAddress
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 && strings.IndexByte(host, ':') == colon {
		host = host[:colon]
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || host == "" || strings.Contains(host, ":") {
		return "", false
	}
	return model.ApplicationID(host), true
}
