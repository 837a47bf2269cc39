package stage

import (
	"testing"
	"time"

	"drover/internal/model"
)

func TestWatermark(t *testing.T) {
	beat := func(p string, at model.Instant) any { return model.Heartbeat{Producer: p, At: at} }
	final := func(p string, at model.Instant) any { return model.Heartbeat{Producer: p, At: at, Final: true} }
	mark := func(s string, at model.Instant) any { return model.Marker{Source: s, Sources: 2, At: at} }
	cases := []struct {
		name   string
		events []any
		want   model.Instant
		known  bool
	}{
		{"nothing", nil, 0, false},
		{"data never advances it", []any{model.Metric{At: 99}}, 0, false},
		{"one producer", []any{beat("p", 10), beat("p", 20)}, 20, true},
		{"the least of two", []any{beat("p", 10), beat("q", 5), beat("p", 30)}, 10, true},
		{"it never goes back", []any{beat("p", 10), beat("p", 8)}, 10, true},
		{"a final producer lets go", []any{beat("p", 10), beat("q", 5), final("q", 6), beat("p", 30)}, 30, true},
		{"all final", []any{beat("p", 10), final("p", 40)}, 40, true},
		{"the silent lets go", []any{beat("p", 10), beat("q", 10), beat("p", 5_000)}, 5_000, true},
		{"the silent comes back", []any{beat("p", 10), beat("q", 10), beat("p", 5_000), beat("q", 5_500), beat("p", 5_400)}, 5_400, true},
		{"markers wait for every source", []any{mark("a", 10)}, 0, false},
		{"the least marker", []any{mark("a", 10), mark("b", 20), mark("b", 30)}, 10, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := Watermark{SilentAfter: time.Second}
			for _, e := range c.events {
				w.Fold(e)
			}
			if at, known := w.At(); at != c.want || known != c.known {
				t.Errorf("watermark %d (%v), want %d (%v)", at, known, c.want, c.known)
			}
		})
	}
}

func TestTickerGivesEachTickOnce(t *testing.T) {
	ticker := Ticker{Interval: time.Second}
	var got []model.Instant
	for _, w := range []model.Instant{1_500, 1_900, 2_000, 5_100} {
		for {
			tick, ok := ticker.Passed(w)
			if !ok {
				break
			}
			got = append(got, tick)
		}
	}
	want := []model.Instant{1_000, 2_000, 3_000, 4_000, 5_000}
	if len(got) != len(want) {
		t.Fatalf("ticks %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("ticks %v, want %v", got, want)
		}
	}
}
