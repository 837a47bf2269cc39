package stream

import (
	"errors"
	"strings"

	"drover/internal/model"
)

// A record's key is "fleet|key" in UTF-8: the fleet never holds a '|', the rest
// may. Topics parted by fleet hash what stands before the first '|', the others
// the whole key; both with Kafka's own hash (murmur2, made positive, modulo the
// number of partitions), so that producers in other languages need no code of
// ours for the latter.

// separator ends the fleet within a key.
const separator = '|'

var errFleet = errors.New("a fleet's name must not be empty or hold '|'")

// Key returns a record's key. Heartbeats and markers, whose key is left empty,
// get one of their own per producer or source, so that compaction keeps the
// last of each.
func Key(fleet model.FleetID, key string, event any) []byte {
	return appendKey(make([]byte, 0, len(fleet)+1+len(key)), fleet, key, event)
}

func appendKey(dst []byte, fleet model.FleetID, key string, event any) []byte {
	if key == "" {
		switch e := event.(type) {
		case model.Heartbeat:
			key = "#heartbeat/" + e.Producer
		case model.Marker:
			key = "#marker/" + e.Source
		case model.Beat:
			key = "#beat/" + e.Owner
		}
	}
	return append(append(append(dst, fleet...), separator), key...)
}

// SplitKey returns the fleet and the rest of a record's key; ok is false where
// there is no separator.
func SplitKey(key []byte) (fleet model.FleetID, rest string, ok bool) {
	before, after, ok := strings.Cut(string(key), string(separator))
	if !ok {
		return "", "", false
	}
	return model.FleetID(before), after, true
}

// checkFleet refuses names that can't be told apart within a key.
func checkFleet(fleet model.FleetID) error {
	if fleet == "" || strings.ContainsRune(string(fleet), separator) {
		return errFleet
	}
	return nil
}

// Partition returns the partition of "fleet|key" in a topic of so many. An
// unknown topic is parted by the whole key.
func Partition(topic string, fleet model.FleetID, key string, partitions int32) int32 {
	return partitionOf(partingOf(topic), Key(fleet, key, nil), partitions)
}

func partingOf(topic string) Parting {
	t, err := TopicNamed(topic)
	if err != nil {
		return ByKey
	}
	return t.Parting
}

func partitionOf(parting Parting, key []byte, partitions int32) int32 {
	if parting == ByFleet {
		for i, b := range key {
			if b == separator {
				key = key[:i]
				break
			}
		}
	}
	return int32(murmur2(key)&0x7fffffff) % partitions
}

// murmur2 is Austin Appleby's MurmurHash2 with the seed that Kafka's Java client
// uses (org.apache.kafka.common.utils.Utils.murmur2).
func murmur2(b []byte) uint32 {
	const m, r = uint32(0x5bd1e995), 24
	h := uint32(0x9747b28c) ^ uint32(len(b))
	for ; len(b) >= 4; b = b[4:] {
		k := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
		k *= m
		k ^= k >> r
		k *= m
		h = h*m ^ k
	}
	switch len(b) {
	case 3:
		h ^= uint32(b[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(b[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(b[0])) * m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
