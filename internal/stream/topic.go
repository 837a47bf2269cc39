package stream

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Parting says which part of a record's key chooses its partition.
type Parting uint8

// The ways to part a topic.
const (
	// ByKey hashes the whole key "fleet|key".
	ByKey Parting = iota
	// ByFleet hashes what stands before the first '|': one partition holds all of
	// a fleet.
	ByFleet
)

// String returns the words for tables.
func (p Parting) String() string {
	if p == ByFleet {
		return "fleet"
	}
	return "whole key"
}

// Topic is one row of the topology.
type Topic struct {
	Name    string // logical, without prefix
	Key     string // what stands after the fleet in the key, in words
	Parting Parting
	// Events are the types that the topic's schema lets its records carry.
	Events []string
	// Broadcast are those that go to every partition whatever their key, besides
	// heartbeats and markers.
	Broadcast []string
	Writers   []string
	Readers   []string
	// Compacted topics keep the last record of each key; the others drop what is
	// older than Retention.
	Compacted bool
	Retention time.Duration
	Why       string // the reason for Compacted or Retention
}

// CompactAfter is how long a compacted topic keeps every record: far longer
// than a stage's snapshot may be old.
const CompactAfter = day

// Topology returns the table of topics.
func Topology() []Topic { return slices.Clone(topology) }

// TopicNamed returns a row of the table.
func TopicNamed(name string) (Topic, error) {
	for _, t := range topology {
		if t.Name == name {
			return t, nil
		}
	}
	return Topic{}, fmt.Errorf("no topic %q", name)
}

// Partitions says how many partitions topics get. Stages join topics partition
// by partition, so there are two numbers and no more.
type Partitions struct {
	ByKey   int32 // metrics, paths, calls; 0 means 6
	ByFleet int32 // all others; 0 means 3
}

// Of returns the number for a topic.
func (p Partitions) Of(t Topic) int32 {
	n, standard := p.ByKey, int32(6)
	if t.Parting == ByFleet {
		n, standard = p.ByFleet, 3
	}
	if n <= 0 {
		return standard
	}
	return n
}

// Configs returns the broker's settings of a topic.
func (t Topic) Configs() map[string]string {
	milliseconds := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	configs := map[string]string{
		"message.timestamp.type": "CreateTime",
		"compression.type":       "producer",
		"max.message.bytes":      strconv.Itoa(MaxRecordBytes + 64<<10),
	}
	if t.Compacted {
		configs["cleanup.policy"] = "compact"
		configs["min.compaction.lag.ms"] = milliseconds(CompactAfter)
		configs["delete.retention.ms"] = milliseconds(7 * day)
	} else {
		configs["cleanup.policy"] = "delete"
		configs["retention.ms"] = milliseconds(t.Retention)
	}
	return configs
}

// MaxRecordBytes is the largest value that Drover publishes or accepts.
const MaxRecordBytes = 4 << 20
