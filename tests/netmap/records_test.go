package netmap

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
	"drover/internal/model"
	"drover/internal/netmap"
)

// start is the event time of the first trace where the record has none.
const start = model.Instant(1_700_000_000_000)

// TestRealRecords folds real traceroutes of every format: each must become a
// pair with a plausible round trip, and the map must survive a snapshot.
func TestRealRecords(t *testing.T) {
	dir := filepath.Join(cmp.Or(os.Getenv("DROVER_DATA"), "../../../shared/data"), "events", "traceroute")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("left out: no sample traceroutes (%v); set DROVER_DATA", err)
	}
	for _, c := range []struct{ format, file string }{
		{"ripe-atlas", "ripe_atlas.jsonl"}, {"mtr", "mtr.json"}, {"scamper", "scamper_trace.jsonl"}, {"traceroute-text", "linux_text.txt"},
	} {
		data, err := os.ReadFile(filepath.Join(dir, c.file))
		if err != nil {
			t.Fatal(err)
		}
		parse, err := catalog.Find(c.format)
		if err != nil {
			t.Fatal(err)
		}
		m, folded, reached := netmap.New(netmap.Config{StaleAfter: 10 * 365 * 24 * time.Hour}), 0, 0
		last := model.NoInstant
		parse(data, format.Options{Fleet: "f", Producer: "test", Server: "here", At: start}, format.NewOut(func(event any) {
			p, ok := event.(model.Path)
			if !ok {
				t.Fatalf("%s: a %T", c.format, event)
			}
			if m.Observe(p) == netmap.Refused {
				t.Errorf("%s: refused: from %q to %q at %v", c.format, p.From, p.To, p.At)
				return
			}
			folded++
			// A target may have answered too late for any round trip to be known.
			if p.Reached && len(p.Hops[len(p.Hops)-1].RTTMicros) > 0 {
				reached++
			}
			last = max(last, p.At)
		}))
		measured := 0
		for _, l := range m.Changed(last) {
			if !l.Measured {
				continue
			}
			measured++
			if l.RTTMicros <= 0 || l.RTTMicros > time.Minute.Microseconds() || l.LossPPM < 0 || l.LossPPM > 1_000_000 {
				t.Errorf("%s: %+v", c.format, l)
			}
		}
		if folded == 0 || reached > 0 && measured == 0 {
			t.Errorf("%s: %d paths folded, %d with a round trip to their target, %d pairs measured", c.format, folded, reached, measured)
		}
		snapshot, err := m.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := netmap.New(netmap.Config{}).UnmarshalBinary(snapshot); err != nil {
			t.Errorf("%s: %v", c.format, err)
		}
		t.Logf("%s: %d paths, %d with a round trip to their target, %d pairs measured, %d domains, %d shared links", c.format, folded, reached, measured,
			len(m.Domains("f")), len(m.SharedLinks("f", 2)))
	}
}
