package scenario

import (
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

func TestWordsOfTheSummary(t *testing.T) {
	for want, got := range map[string]string{
		"1 move":   counted(1, "move"),
		"0 moves":  counted(0, "move"),
		"12 waves": counted(12, "wave"),
		"6h":       span(6 * time.Hour),
		"10m":      span(10 * time.Minute),
		"1h30m":    span(90 * time.Minute),
		"20h":      span(20 * time.Hour),
		"30s":      span(30 * time.Second),
		"2h0m5s":   span(2*time.Hour + 5*time.Second),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A plan may break more promises in futures that are only priced: it says so.
func TestMoreBrokenPromisesAreExplained(t *testing.T) {
	f := newFleet(testView(nil, nil, nil), Config{}.WithDefaults())
	const clause = "more are broken only in futures that need not be met"
	for after, want := range map[int]bool{4: true, 3: false, 2: false} {
		p := &model.Plan{Waves: 1, Moves: make([]model.Move, 1)}
		f.sumUp(p, []model.ScenarioResult{{}, {Weight: 1, ViolationsBefore: 3, ViolationsAfter: after}}, nil)
		if strings.Contains(p.Reason, clause) != want {
			t.Errorf("3 -> %d: %s", after, p.Reason)
		}
	}
}
