package cli

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// TestProgressIsOneLineOfATerminal: nothing for short work, then a bar that is
// written over, and nothing is left of it.
func TestProgressIsOneLineOfATerminal(t *testing.T) {
	var out bytes.Buffer
	at := time.Unix(0, 0)
	p := newProgress(&out, strings.Repeat("forecasting é", 20), true, func() time.Time { return at })
	p.Show(0.1)
	if out.Len() > 0 {
		t.Errorf("a bar at once: %q", out.String())
	}
	at = at.Add(2 * time.Second)
	p.Show(0.5)
	p.Show(0.6) // too soon after the last
	at = at.Add(time.Second)
	p.Show(7)
	p.End()
	p.Show(1)
	lines := strings.Split(out.String(), "\r")
	if len(lines) != 4 || !strings.HasSuffix(lines[1], "[###############...............]  50 %") ||
		!strings.HasSuffix(lines[2], "100 %") || lines[3] != "\x1b[K" {
		t.Errorf("%q", lines)
	}
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > 80 || strings.Contains(line, "\n") {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

func TestProgressIsSilentWhereNobodyLooks(t *testing.T) {
	var out bytes.Buffer
	at := time.Unix(0, 0)
	pipe := newProgress(&out, "playing", false, func() time.Time { return at })
	short := newProgress(&out, "playing", true, func() time.Time { return at })
	at = at.Add(time.Minute)
	pipe.Show(0.5)
	pipe.End()
	short.End()
	var none *Progress
	none.Show(1)
	none.End()
	NewProgress(&out, "a buffer is no terminal").Show(1)
	if out.Len() > 0 {
		t.Errorf("%q", out.String())
	}
}

func TestProgressMayBeShownFromManyHands(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, "playing", true, func() time.Time { return time.Unix(0, 0) })
	p.next = time.Time{}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() { p.Show(float64(i) / 8) })
	}
	all.Wait()
	p.End()
	if n := strings.Count(out.String(), "%"); n != 1 {
		t.Errorf("%d bars at one moment: %q", n, out.String())
	}
}
