package model

// EdgeOrigin says how a dependency became known. The three are kept apart and
// merged by rule: observed counts, declared completes, inferred is marked.
type EdgeOrigin uint8

// The origins of an edge.
const (
	Declared EdgeOrigin = 1 << iota // manifests and metadata
	Observed                        // spans and flow metrics
	Inferred                        // peers without instrumentation, from client spans
)

// LatencyBuckets is the number of buckets of a Latency histogram.
const LatencyBuckets = 64

// Latency is a histogram of response times with log-spaced buckets: bucket b
// counts calls whose duration in microseconds is in [2^(b/2), 2^((b+1)/2)), the
// first also holds shorter ones and the last longer ones.
type Latency [LatencyBuckets]uint64

// Call is what was seen of one application calling another during an interval
// that ended at At: one span or an aggregate of many.
type Call struct {
	Fleet         FleetID
	Caller        ApplicationID
	Callee        ApplicationID
	At            Instant
	Producer      string
	Origin        EdgeOrigin
	Calls         uint64
	Errors        uint64
	RequestBytes  uint64
	ResponseBytes uint64
	// DurationMicros holds response times in microseconds, one for each call
	// that was measured; it may be shorter than Calls.
	DurationMicros []uint64
	// SpanID is set where the record is one span, so that repeats can be dropped.
	SpanID string
}

// Edge is one dependency of the graph as of a version: caller -> callee.
type Edge struct {
	Fleet   FleetID
	Caller  ApplicationID
	Callee  ApplicationID
	Origins EdgeOrigin
	// CallsPerSecond and the byte rates are decayed averages (see internal/graph).
	CallsPerSecond         float64
	ErrorsPerSecond        float64
	RequestBytesPerSecond  float64
	ResponseBytesPerSecond float64
	Calls                  uint64 // in all
	Errors                 uint64 // in all
	P50Micros              uint64
	P95Micros              uint64
	FirstSeen              Instant
	LastSeen               Instant
	// Confidence is in 0..1: how sure it is that the edge is still in use.
	Confidence float64
	// Gone marks the edge as aged out: a tombstone for readers.
	Gone bool
}

// Path is one traceroute from a server towards a target.
type Path struct {
	Fleet    FleetID
	From     ServerID
	To       string // a server's identity or an address
	At       Instant
	Producer string
	Hops     []Hop
	// Reached is false where the target never answered.
	Reached bool
}

// Hop is one answer (or silence) at one distance.
type Hop struct {
	TTL       int
	Address   string // empty: no answer
	RTTMicros []int64
	Lost      int // probes without an answer
}

// Link is the network map's view of the way between two servers.
type Link struct {
	Fleet                   FleetID
	From, To                ServerID
	RTTMicros               int64 // median
	RTTErrorMicros          int64 // half width of the 80 % interval
	LossPPM                 int64
	BandwidthBytesPerSecond int64 // 0: unknown
	Measured                bool  // false: estimated by coordinates
	At                      Instant
	// Routers are the addresses of the routers on every usual route from From to
	// To, the nearest first: what the two can't do without.
	Routers []string
}
