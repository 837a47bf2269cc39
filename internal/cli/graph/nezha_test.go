package graph

import (
	"cmp"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"drover/internal/graph/linker"
	"drover/internal/ingest/format"
	"drover/internal/ingest/format/spanscsv"
	"drover/internal/model"
)

// minuteEdge is an edge of the truth: the calls of one minute.
type minuteEdge struct {
	minute         model.Instant
	caller, callee string
}

// minuteTruth is what is known of it, durations in microseconds.
type minuteTruth struct {
	calls int
	mean  float64
	p95   uint64
}

// TestNezhaMinute compares a minute of real spans with the edges that the data
// set states, call by call. A minute of spans touches two minutes of the clock,
// of which the table has rows by file.
func TestNezhaMinute(t *testing.T) {
	dir := filepath.Join(cmp.Or(os.Getenv("DROVER_DATA"), "../../../../shared/data"), "nezha")
	data, err := os.ReadFile(filepath.Join(dir, "trace", "03_53_trace.csv"))
	if err != nil {
		t.Skipf("left out: no Nezha data (%v); set DROVER_DATA", err)
	}
	truth := readTruth(t, filepath.Join(dir, "edges_ob_20220822.csv"))
	var spans []model.Span
	spanscsv.Parse(data, format.Options{}, format.NewOut(func(e any) { spans = append(spans, e.(model.Span)) }))
	calls, counts := linker.Parents(spans)
	if counts.Orphans != 0 || counts.Duplicates != 0 || counts.Traces != 497 {
		t.Errorf("counts %+v", counts)
	}
	micros := map[minuteEdge][]uint64{}
	for _, c := range calls {
		key := minuteEdge{c.At.Floor(time.Minute), string(c.Caller), string(c.Callee)}
		micros[key] = append(micros[key], c.DurationMicros...)
	}
	if len(micros) != 26 {
		t.Errorf("%d edges in two minutes, want 26", len(micros))
	}
	for key, m := range micros {
		slices.Sort(m)
		sum := 0.0
		for _, v := range m {
			sum += float64(v)
		}
		got := minuteTruth{len(m), math.Round(10*sum/float64(len(m))) / 10, uint64(math.Round(1000 * quantile(m, 95)))}
		if !slices.ContainsFunc(truth[key], func(w minuteTruth) bool {
			return w.calls == got.calls && w.p95 == got.p95 && math.Abs(w.mean-got.mean) < 0.11
		}) {
			t.Errorf("%v: %+v, want one of %+v", key, got, truth[key])
		}
	}
}

func readTruth(t *testing.T, path string) map[minuteEdge][]minuteTruth {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("left out: %v", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	truth := map[minuteEdge][]minuteTruth{}
	for _, r := range rows[1:] {
		seconds, _ := strconv.ParseInt(r[0], 10, 64)
		calls, _ := strconv.Atoi(r[3])
		mean, _ := strconv.ParseFloat(r[4], 64)
		p95, _ := strconv.ParseUint(r[5], 10, 64)
		key := minuteEdge{model.Instant(seconds * 1000), r[1], r[2]}
		truth[key] = append(truth[key], minuteTruth{calls, mean, p95})
	}
	return truth
}
