package scenario

import (
	"testing"
	"time"
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
