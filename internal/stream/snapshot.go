package stream

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// savedState is what the loop saves beside a task's snapshot.
type savedState struct {
	// Start is, by topic, where reading begins again.
	Start map[string]int64
	// Read is, by topic, the first offset not handed to the task. It may lie
	// after the task's position, where the task holds records.
	Read map[string]int64
	// Marks are the ids folded, by topic.
	Marks map[string][]savedMark
}

// stateVersion begins every saved state.
const stateVersion = 1

// seal appends a state: version, length of the header, header, snapshot.
func (s savedState) seal(snapshot func([]byte) ([]byte, error)) ([]byte, error) {
	head, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	b := binary.AppendUvarint([]byte{stateVersion}, uint64(len(head)))
	if b, err = snapshot(append(b, head...)); err != nil {
		return nil, fmt.Errorf("state: snapshot of the task: %w", err)
	}
	return b, nil
}

// openState is the inverse of seal.
func openState(b []byte) (s savedState, snapshot []byte, err error) {
	if len(b) == 0 || b[0] != stateVersion {
		return s, nil, errors.New("state: not of a version that this build reads")
	}
	n, size := binary.Uvarint(b[1:])
	if size <= 0 || n > uint64(len(b)-1-size) {
		return s, nil, errors.New("state: cut off")
	}
	b = b[1+size:]
	if err := json.Unmarshal(b[:n], &s); err != nil {
		return s, nil, fmt.Errorf("state: %w", err)
	}
	return s, b[n:], nil
}

// TaskSnapshot returns the task's own snapshot in a state that the loop saved, for
// those who look at states from outside.
func TaskSnapshot(state []byte) ([]byte, error) {
	_, snapshot, err := openState(state)
	return snapshot, err
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
