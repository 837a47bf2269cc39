package model

// SpanKind says which side of a call a span was recorded on.
type SpanKind uint8

// The kinds of spans. SpanUnspecified stands for producers that do not say.
const (
	SpanUnspecified SpanKind = iota
	SpanInternal
	SpanServer
	SpanClient
	SpanProducer
	SpanConsumer
)

// String returns the kind's name as OpenTelemetry writes it, in lower case.
func (k SpanKind) String() string {
	switch k {
	case SpanInternal:
		return "internal"
	case SpanServer:
		return "server"
	case SpanClient:
		return "client"
	case SpanProducer:
		return "producer"
	case SpanConsumer:
		return "consumer"
	}
	return "unspecified"
}

// MarshalText writes the kind's name, so that JSON shows words.
func (k SpanKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Span is one timed operation of a trace, from whichever tracing format it
// came. Which call between applications it stands for is for the graph to
// decide: a parser reports what was written and guesses nothing.
type Span struct {
	Fleet FleetID
	// TraceID, ID and ParentID are lower-case hexadecimal where the producer's
	// were; ParentID is empty for a root. They are kept as text because some
	// producers use words.
	TraceID  string
	ID       string
	ParentID string
	Kind     SpanKind
	// Service is the application that recorded the span; empty: not said.
	Service ApplicationID
	// Instance is the process or pod within the service; empty: not said.
	Instance string
	// Peer is the other side's service name (Zipkin's remoteEndpoint, OpenTelemetry's
	// peer.service), PeerAddress its host, IP or host:port where that is all there is.
	Peer        ApplicationID
	PeerAddress string
	// Name is the operation.
	Name string
	// StartMicros is microseconds since the Unix epoch by the producer's clock;
	// 0: unknown. Clocks of children and parents need not agree.
	StartMicros int64
	// DurationMicros is negative where it is unknown or impossible.
	DurationMicros int64
	Error          bool
	// Shared marks the server half of a span whose id the client also uses (Zipkin, B3).
	Shared bool
	// MessagingSystem ("kafka") and MessagingDestination (the topic or queue) are
	// set on spans about messages; DatabaseSystem ("postgresql") on database calls.
	MessagingSystem      string
	MessagingDestination string
	DatabaseSystem       string
	// RequestBytes and ResponseBytes are body sizes; 0: not said.
	RequestBytes  uint64
	ResponseBytes uint64
	Producer      string
}

// At returns the span's end as event time (its start where the duration is
// unknown): a span is known no earlier than it ends.
func (s Span) At() Instant {
	end := s.StartMicros
	if s.DurationMicros > 0 {
		end += s.DurationMicros
	}
	return Instant(end / 1000)
}
