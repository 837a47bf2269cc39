package engine

import (
	"hash/fnv"
	"reflect"
	"testing"

	"drover/internal/model"
	"drover/internal/stage"
)

// summing adds up what it reads and emits the sum of each record to "sums".
type summing struct {
	stage.Positions
	sum int64
}

func (s *summing) Full(string) bool { return false }
func (s *summing) Handle(rec stage.Record) ([]stage.Emission, error) {
	s.Fold(rec)
	n := rec.Event.(model.Instant)
	if n < 0 {
		return nil, stage.Reject("value", "%d is negative", n)
	}
	s.sum += int64(n)
	return []stage.Emission{{Topic: "sums", Partition: stage.EveryPartition, Event: s.sum}}, nil
}
func (s *summing) AppendSnapshot(b []byte) ([]byte, error) { return b, nil }
func (s *summing) Restore([]byte) error                    { return nil }

func byHash(_ string, fleet model.FleetID, key string, partitions int32) int32 {
	h := fnv.New32a()
	h.Write([]byte(string(fleet) + "|" + key))
	return int32(h.Sum32() % uint32(partitions))
}

func TestEngineRunsStagesAndCountsRejections(t *testing.T) {
	var sums []int64
	e, err := New([]Topic{{"numbers", 2}, {"sums", 1}},
		[]Stage{{"sum", []string{"numbers"}, func(int32) stage.Task { return &summing{Positions: stage.Positions{}} }}},
		byHash, func(r stage.Record) {
			if n, ok := r.Event.(int64); ok {
				sums = append(sums, n)
			}
		})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []model.Instant{1, 2, -5, 4} {
		if err := e.Publish(stage.Emission{Topic: "numbers", Partition: 1, Event: n}); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
	if want := []int64{1, 3, 7}; !reflect.DeepEqual(sums, want) {
		t.Errorf("sums %v, want %v", sums, want)
	}
	if e.Rejected() != 1 {
		t.Errorf("rejected %d, want 1", e.Rejected())
	}
	if l := e.logs["numbers"][1]; len(l.records) != 0 || l.base != 4 {
		t.Errorf("log keeps %d records from %d, want none from 4", len(l.records), l.base)
	}
}

func TestEngineRefusesWhatItDoesNotKnow(t *testing.T) {
	e, err := New([]Topic{{"a", 2}, {"b", 3}}, nil, byHash, nil)
	if err != nil {
		t.Fatal(err)
	}
	if e.Publish(stage.Emission{Topic: "c"}) == nil || e.Publish(stage.Emission{Topic: "a", Partition: 2}) == nil {
		t.Error("an unknown topic or partition was accepted")
	}
	if e.addStage(Stage{Name: "s", Topics: []string{"a", "b"}}) == nil || e.addStage(Stage{Name: "s"}) == nil {
		t.Error("topics of different widths were accepted as one input")
	}
}
