package model

// SampleKind says how a sample's value is to be read.
type SampleKind uint8

// The kinds of samples.
const (
	// Gauge is a value in the resource's unit at the event time.
	Gauge SampleKind = iota
	// Counter is a running total (CPU: millicore-seconds; network: bytes). The
	// forecaster forms the rate; counters travel raw so that resets, duplicates
	// and late records can still be told apart there.
	Counter
)

// Sample is one measured value of one resource.
type Sample struct {
	Resource Resource
	Kind     SampleKind
	Value    float64
}

// Metric is what one producer measured of one entity at one time: usually its
// CPU, memory, receive and transmit together.
type Metric struct {
	Fleet    FleetID
	Entity   EntityID
	At       Instant
	Producer string
	Samples  []Sample
}

// Heartbeat says that a producer has sent everything it knows up to At into
// the partition the heartbeat stands in. The watermark of a partition is the
// least heartbeat of its live producers; data never advances it.
type Heartbeat struct {
	Producer string
	At       Instant
	// Final marks the end of a replay or an orderly shutdown: the producer no
	// longer holds the watermark back.
	Final bool
}

// Marker says that a stage's partition has emitted everything it will emit for
// tick At. The reader of a fleet partition has tick At complete once it has
// At's marker of every source.
type Marker struct {
	// Source names the stage and the partition, for example "forecaster/metrics/3".
	Source string
	// Sources is how many markers make the tick complete (the source's partitions).
	Sources int
	At      Instant
}
