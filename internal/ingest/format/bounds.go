package format

import (
	"bytes"
	"fmt"
)

// Bounds of what one record may hold: far above what producers send, and low
// enough that a document of nothing else costs little.
const (
	// MostLabels is how many labels or attributes a point or span may have, those
	// of its resource included.
	MostLabels = 256
	// LongestLine is how long a line of a text may be, in bytes.
	LongestLine = 1 << 20
	// MostAddresses is how many addresses may answer at one hop.
	MostAddresses = 1000
)

// CheckLine refuses a line that no producer writes.
func CheckLine[T ~string | ~[]byte](line T) error {
	if len(line) > LongestLine {
		return fmt.Errorf("%d bytes, a line may have %d", len(line), LongestLine)
	}
	return nil
}

// CheckLines refuses a text with a line that no producer writes.
func CheckLines(text []byte) error {
	for n := 1; len(text) > 0; n++ {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		if err := CheckLine(line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		text = rest
	}
	return nil
}

// CheckLabels refuses more labels than a point or span may have.
func CheckLabels(n int) error {
	if n > MostLabels {
		return fmt.Errorf("%d attributes, at most %d are read", n, MostLabels)
	}
	return nil
}
