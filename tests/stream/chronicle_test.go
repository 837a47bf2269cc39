package stream

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

// The things that a chronicle tells of.
const (
	sent     = iota // a round was acknowledged
	assigned        // a partition came to a member
	revoked         // it went
	folded          // a record of it was folded
)

// note is one thing that happened.
type note struct {
	what      int
	member    string
	partition int32
	epoch     int64 // of an assignment
	at        time.Time
}

// chronicle is what happened, in order.
type chronicle struct {
	mu    sync.Mutex
	notes []note
}

func (c *chronicle) add(n note) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.notes = append(c.notes, n)
}

func (c *chronicle) copy() []note {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.notes)
}

func (c *chronicle) length() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.notes)
}

// owners returns who owns each partition at the end.
func owners(notes []note) map[int32]string {
	out := map[int32]string{}
	for _, n := range notes {
		switch {
		case n.what == assigned:
			out[n.partition] = n.member
		case n.what == revoked && out[n.partition] == n.member:
			delete(out, n.partition)
		}
	}
	return out
}

// newest is the greatest epoch that a partition came with.
func newest(notes []note) (epoch int64) {
	for _, n := range notes {
		epoch = max(epoch, n.epoch)
	}
	return epoch
}

// pauses returns the longest time between two folded records of each partition,
// in milliseconds, in order of the partitions.
func pauses(notes []note) []int64 {
	last, longest := map[int32]time.Time{}, map[int32]int64{}
	for _, n := range notes {
		if n.what != folded {
			continue
		}
		if before, ok := last[n.partition]; ok {
			longest[n.partition] = max(longest[n.partition], n.at.Sub(before).Milliseconds())
		}
		last[n.partition] = n.at
	}
	var out []int64
	for n := range int32(len(longest)) {
		out = append(out, longest[n])
	}
	return out
}

// scaling is what one more member did to the partitions.
type scaling struct {
	Stage   string `json:"stage"`
	Members int    `json:"members"`
	CalmMS  int64  `json:"calm_pause_ms"` // with one member that nobody joins
	Stayed  int    `json:"stayed"`
	StayMS  int64  `json:"stayed_pause_ms"`
	Moved   int    `json:"moved"`
	MoveMS  int64  `json:"moved_pause_ms"`
}

// enoughRounds is how many rounds must have been acknowledged during a hand-over
// for silence of the other partitions to mean that they stood still.
const enoughRounds = 50

// judge looks at what happened since the chronicle had so many notes: partitions
// that stayed must not have been taken away, and must have gone on while others
// were handed over.
func judge(t *testing.T, notes []note, from int) scaling {
	t.Helper()
	was, is := owners(notes[:from]), owners(notes)
	longest := pauses(notes[from:])
	var r scaling
	for n, member := range is {
		if was[n] == member {
			r.Stayed++
			r.StayMS = max(r.StayMS, longest[n])
			stayed(t, notes[from:], n)
			continue
		}
		r.Moved++
		r.MoveMS = max(r.MoveMS, longest[n])
	}
	if r.Moved == 0 {
		t.Error("nothing moved to the new member")
	}
	return r
}

// stayed checks one partition that kept its owner.
func stayed(t *testing.T, notes []note, partition int32) {
	t.Helper()
	rounds, mine, open := 0, 0, 0 // since a hand-over of another began
	for _, n := range notes {
		switch {
		case n.partition == partition && (n.what == assigned || n.what == revoked):
			t.Errorf("partition %d stays, but was taken away and given back: %+v", partition, n)
		case n.what == revoked:
			if open++; open == 1 {
				rounds, mine = 0, 0
			}
		case n.what == assigned:
			if open--; rounds >= enoughRounds && mine == 0 {
				t.Errorf("partition %d stood still for %d rounds while others were handed over", partition, rounds)
			}
		case n.what == sent:
			rounds++
		case n.partition == partition:
			mine++
		}
	}
}

// tally counts the records of each topic and partition, and publishes each count.
type tally struct {
	stage.Positions
	Counts map[string]int64
	events *chronicle
	member string
}

// Full implements stage.Task.
func (c *tally) Full(string) bool { return false }

// Handle implements stage.Task.
func (c *tally) Handle(rec stage.Record) ([]stage.Emission, error) {
	if !c.Fold(rec) {
		return nil, nil
	}
	key := fmt.Sprint(rec.Topic, "/", rec.Partition)
	c.Counts[key]++
	c.events.add(note{what: folded, member: c.member, partition: rec.Partition, at: time.Now()})
	fleet := model.FleetID(key)
	return []stage.Emission{{Topic: stream.Scenarios, Fleet: fleet, Key: key, Partition: stage.ByKey,
		Event: model.Evaluation{Fleet: fleet, Decision: fmt.Sprint(key, "#", c.Counts[key])}}}, nil
}

// AppendSnapshot implements stage.Task.
func (c *tally) AppendSnapshot(b []byte) ([]byte, error) {
	s, err := json.Marshal(c)
	return append(b, s...), err
}

// Restore implements stage.Task.
func (c *tally) Restore(b []byte) error { return json.Unmarshal(b, c) }
