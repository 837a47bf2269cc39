package door

import (
	"fmt"
	"strings"
	"testing"

	"drover/internal/ingest/format"
)

func TestLabelsAreLimited(t *testing.T) {
	labels := func(n, size int) format.Labels {
		var out format.Labels
		for i := range n {
			out = append(out, format.Label{Name: fmt.Sprintf("l%d", i), Value: strings.Repeat("x", size)})
		}
		return out
	}
	for _, c := range []struct {
		name    string
		n, size int
		want    string
	}{
		{"usual", 12, 20, ""},
		{"as many as may be", maxLabels, 10, ""},
		{"one more", maxLabels + 1, 1, "65 labels: at most 64"},
		{"long ones", 10, 1000, "at most 4096"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := checkLabels(&format.Point{Name: "up", Labels: labels(c.n, c.size)})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
