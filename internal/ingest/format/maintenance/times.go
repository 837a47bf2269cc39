package maintenance

import (
	"fmt"
	"strings"
	"time"

	"drover/internal/model"
)

// layouts are the notations of times in notices.
var layouts = []string{time.RFC3339Nano, time.RFC1123, "Mon, 2 Jan 2006 15:04:05 MST", "2 Jan 2006 15:04:05 MST",
	"2006-01-02T15:04:05", "2006-01-02 15:04:05", time.RFC1123Z, "1/2/2006 3:04:05 PM"}

// parseTime reads a time in any of the notations; a zone by name must be GMT or UTC.
func parseTime(s string) (model.Instant, error) {
	s = strings.TrimSpace(s)
	for _, layout := range layouts {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if strings.HasSuffix(layout, "MST") && !strings.HasSuffix(s, "GMT") && !strings.HasSuffix(s, "UTC") {
			return 0, fmt.Errorf("time %q: want GMT or UTC", s)
		}
		return model.InstantOf(t), nil
	}
	return 0, fmt.Errorf("time %q: want RFC 3339, \"2 Jan 2006 15:04:05 GMT\" or \"Mon, 02 Jan 2006 15:04:05 GMT\"", s)
}
