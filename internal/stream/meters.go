package stream

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// meters are the loop's figures. With a nil registerer they count unseen.
type meters struct {
	records     *prometheus.CounterVec // stage, topic
	repeats     *prometheus.CounterVec // stage, topic
	dead        *prometheus.CounterVec // stage, topic, class
	emitted     *prometheus.CounterVec // stage, topic
	rebalances  *prometheus.CounterVec // stage, what
	waiting     *prometheus.GaugeVec   // stage, on
	partitions  *prometheus.GaugeVec   // stage
	lag         *prometheus.GaugeVec   // stage, topic, partition
	batch       *prometheus.HistogramVec
	persist     *prometheus.HistogramVec
	stateBytes  *prometheus.GaugeVec // stage, partition
	transaction *prometheus.CounterVec
	watermark   *prometheus.GaugeVec // stage, partition
	delay       *prometheus.GaugeVec // stage, partition
	series      *prometheus.GaugeVec // stage, partition
}

// DescribeMeters registers what every service counts, for who wants to know
// which metrics there are.
func DescribeMeters(registerer prometheus.Registerer) { newMeters(registerer) }

func newMeters(registerer prometheus.Registerer) *meters {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return register(registerer, prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "drover", Subsystem: "stream", Name: name, Help: help}, labels))
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return register(registerer, prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "drover", Subsystem: "stream", Name: name, Help: help}, labels))
	}
	histogram := func(name, help string, start float64, factor float64, n int) *prometheus.HistogramVec {
		return register(registerer, prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "drover", Subsystem: "stream", Name: name,
			Help: help, Buckets: prometheus.ExponentialBuckets(start, factor, n)}, []string{"stage"}))
	}
	return &meters{
		records:     counter("records_total", "Records handed to tasks.", "stage", "topic"),
		repeats:     counter("repeats_total", "Records dropped because their id had been seen.", "stage", "topic"),
		dead:        counter("dead_letters_total", "Records sent to the dead letters.", "stage", "topic", "class"),
		emitted:     counter("emitted_total", "Records published.", "stage", "topic"),
		rebalances:  counter("rebalances_total", "Partitions assigned, revoked and lost.", "stage", "what"),
		waiting:     gauge("waiting", "1 while progress waits for what the label names.", "stage", "on"),
		partitions:  gauge("partitions", "Partitions that this process owns.", "stage"),
		lag:         gauge("lag_records", "Records between the position and the end of the log.", "stage", "topic", "partition"),
		batch:       histogram("batch_records", "Records in one round.", 1, 4, 9),
		persist:     histogram("persist_seconds", "Time to save the states of one round.", 0.0005, 3, 10),
		stateBytes:  gauge("state_bytes", "Size of a partition's saved state.", "stage", "partition"),
		watermark:   gauge("watermark_timestamp_seconds", "Event time up to which a partition is complete.", "stage", "partition"),
		delay:       gauge("watermark_delay_seconds", "How far that lies behind the clock.", "stage", "partition"),
		series:      gauge("series", "Series that a partition's task keeps.", "stage", "partition"),
		transaction: counter("transactions_total", "Transactions by end.", "stage", "end"),
	}
}

// register adds c; where the same figure is there already (two connections in
// one process), that one is used.
func register[C prometheus.Collector](registerer prometheus.Registerer, c C) C {
	if registerer == nil {
		return c
	}
	if err := registerer.Register(c); err != nil {
		var there prometheus.AlreadyRegisteredError
		if errors.As(err, &there) {
			if same, ok := there.ExistingCollector.(C); ok {
				return same
			}
		}
	}
	return c
}
