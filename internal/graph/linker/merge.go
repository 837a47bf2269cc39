package linker

import (
	"cmp"
	"strings"

	"drover/internal/model"
)

// endpoint is the side that recorded a span.
type endpoint struct {
	service  model.ApplicationID
	instance string
}

func endpointOf(s *model.Span) endpoint { return endpoint{s.Service, s.Instance} }

// merge takes on what other knows and e does not; false where they differ.
func (e *endpoint) merge(other endpoint) bool {
	if e.service != "" && other.service != "" && e.service != other.service {
		return false
	}
	instance, same := mergeInstances(e.instance, other.instance)
	if !same {
		return false
	}
	e.service, e.instance = cmp.Or(e.service, other.service), instance
	return true
}

// mergeInstances returns the fuller of two addresses, one of which may lack the
// port or everything; false where they are of different instances.
func mergeInstances(a, b string) (string, bool) {
	if len(a) > len(b) {
		a, b = b, a
	}
	return b, a == "" || a == b || strings.HasPrefix(b, a+":")
}

// compareEndpoints puts unknown endpoints first, then orders by service and
// instance (ports do not count), an unknown one of these last.
func compareEndpoints(a, b endpoint) int {
	switch none := (endpoint{}); {
	case a == b:
		return 0
	case a == none:
		return -1
	case b == none:
		return 1
	}
	return cmp.Or(compareKnown(string(a.service), string(b.service)), compareKnown(host(a.instance), host(b.instance)))
}

// host returns an IPv4 address without its port, anything else as it is.
func host(instance string) string {
	if address, _, found := strings.Cut(instance, ":"); found && strings.Contains(address, ".") {
		return address
	}
	return instance
}

// compareKnown orders texts, the empty one last.
func compareKnown(a, b string) int {
	if (a == "") != (b == "") {
		return -cmp.Compare(a, b)
	}
	return cmp.Compare(a, b)
}

// mergeSpans cleans a trace as Zipkin does before it builds its tree: spans that
// were reported in parts are joined; the server half of a span that shares its
// client's id is marked so, even where its producer forgot to, and takes on the
// client's parent. The result is sorted by id, clients first, shared halves last.
func mergeSpans(trace []*model.Span, counts *Counts) []*model.Span {
	sortSpans(trace, func(a, b *model.Span) int {
		return cmp.Or(compareID(a.ID, b.ID), cmp.Compare(sharing(a), sharing(b)), compareEndpoints(endpointOf(a), endpointOf(b)))
	})
	merged := trace[:0]
	for i := 0; i < len(trace); i++ {
		s, first := trace[i], *trace[i]
		at := endpointOf(s)
		for i+1 < len(trace) && trace[i+1].ID == s.ID && trace[i+1].Shared == first.Shared && at.merge(endpointOf(trace[i+1])) {
			join(s, trace[i+1])
			s.Service, s.Instance = at.service, at.instance
			counts.Duplicates++
			i++
		}
		if n := len(merged); n > 0 && merged[n-1].ID == s.ID {
			// Of a span in parts, Zipkin asks the first part.
			last, half := merged[n-1], first.Shared
			if last.Kind == model.SpanClient && first.Kind == model.SpanServer {
				s.Shared, half = true, true
			}
			if half && first.ParentID == "" && last.ParentID != "" {
				s.ParentID = last.ParentID
			}
		}
		merged = append(merged, s)
	}
	return merged
}

// sharing ranks the spans of one id: the client's own, others, shared halves.
func sharing(s *model.Span) int {
	switch {
	case s.Shared:
		return 2
	case s.Kind == model.SpanClient:
		return 0
	}
	return 1
}

// join adds to s what another part of the same span knows beside its endpoint.
func join(s, part *model.Span) {
	s.ParentID = cmp.Or(s.ParentID, part.ParentID)
	if s.Kind == model.SpanUnspecified {
		s.Kind = part.Kind
	}
	if s.StartMicros == 0 || part.StartMicros != 0 && part.StartMicros < s.StartMicros {
		s.StartMicros = part.StartMicros
	}
	s.DurationMicros = max(s.DurationMicros, part.DurationMicros)
	s.Peer, s.PeerAddress = cmp.Or(s.Peer, part.Peer), cmp.Or(s.PeerAddress, part.PeerAddress)
	s.Shared = s.Shared && s.Kind != model.SpanClient
	s.Error = s.Error || part.Error
	s.RequestBytes = max(s.RequestBytes, part.RequestBytes)
	s.ResponseBytes = max(s.ResponseBytes, part.ResponseBytes)
}
