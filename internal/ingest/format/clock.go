package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"drover/internal/model"
)

// ParseTime reads the times that tables carry: what model.ParseInstant reads,
// Go's default layout (also with its "m=+" suffix), and seconds, milliseconds,
// microseconds or nanoseconds since the epoch, told apart by their size.
func ParseTime(s string) (model.Instant, error) {
	if n, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(n) {
		return epoch(n)
	}
	if head, _, found := strings.Cut(s, " m="); found {
		s = head
	}
	if head, found := strings.CutSuffix(s, " +0000 UTC"); found {
		s = head
	}
	return model.ParseInstant(s)
}

// epoch takes n for the unit in which it lies within a few centuries of now.
func epoch(n float64) (model.Instant, error) {
	size := math.Abs(n)
	switch {
	case size < 1e11:
		n *= 1e3
	case size < 1e14:
	case size < 1e17:
		n /= 1e3
	case size < 9.2e18:
		n /= 1e6
	default:
		return 0, fmt.Errorf("time %v: want seconds, milliseconds, microseconds or nanoseconds since the epoch", n)
	}
	return model.Instant(math.Floor(n)), nil
}

// ServiceOfPod returns the service that a pod of a Deployment belongs to: its
// name without the last two dash-separated parts. A name with fewer parts is
// returned whole.
func ServiceOfPod(pod string) string {
	name := pod
	for range 2 {
		i := strings.LastIndexByte(name, '-')
		if i <= 0 {
			return pod
		}
		name = name[:i]
	}
	return name
}
