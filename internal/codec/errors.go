package codec

import (
	"errors"
	"fmt"
)

// ErrUnknownSchema is what a Registry returns (wrapped) for an id that it has no
// schema of, as opposed to not being reachable.
var ErrUnknownSchema = errors.New("unknown schema id")

// The classes of records that are refused: short stable words, for counters
// and dead letters.
const (
	ClassDecode    = "decode"    // the bytes are no value of their schema
	ClassSchema    = "schema"    // the schema is unknown, or can't be read as ours
	ClassValue     = "value"     // well formed, but not acceptable
	ClassPartition = "partition" // the record stands in another partition than its key's
	ClassSize      = "size"      // larger than the limit
)

// Error is what Encode and Decode return. errors.As finds it.
type Error struct {
	Class string
	Topic string
	Err   error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Topic == "" {
		return fmt.Sprintf("%s: %v", e.Class, e.Err)
	}
	return fmt.Sprintf("topic %s: %s: %v", e.Topic, e.Class, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
