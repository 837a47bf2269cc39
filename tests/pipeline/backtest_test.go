package pipeline

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stream"
)

// recordedBacktest is what `drover backtest topics -o json` says of a record.
type recordedBacktest struct {
	Source  string
	Records int64
	Record  struct {
		Fleet   string
		From    string
		Servers int
		Notes   []string
	}
	Trials map[string]struct {
		Violated int64   `json:"violated_minutes"`
		Energy   float64 `json:"energy_kwh"`
		Moves    int64
		Plans    int64
	}
}

// knownUpTo asks a `drover up` for the event time that it has come to.
func knownUpTo(t *testing.T, said string) model.Instant {
	t.Helper()
	_, after, _ := strings.Cut(said, "page at ")
	base, _, _ := strings.Cut(after, "\n")
	var fleets struct{ Items []struct{ Now model.Instant } }
	_, text := get(strings.TrimSpace(base) + "api/v1/fleets")
	decode(t, []byte(text), &fleets)
	if len(fleets.Items) != 1 {
		t.Fatalf("fleets %s", text)
	}
	return fleets.Items[0].Now
}

// TestALiveRunIsPlayedAgainUnderOtherPolicies lets the demo fleet live until a plan
// has succeeded, and plays what its topics recorded: from its log, from its
// brokers and from an archive, with the same figures.
func TestALiveRunIsPlayedAgainUnderOtherPolicies(t *testing.T) {
	dir := t.TempDir()
	up := start(t, "drover", "up", "--data", dir, "--speed", "300x", "--listen", "127.0.0.1:0", "--log-level", "error")
	for waited := time.Now(); !strings.Contains(up.Said(), " succeeded\n"); time.Sleep(200 * time.Millisecond) {
		if !up.Alive() || time.Since(waited) > patience {
			t.Fatalf("no plan succeeded (%v)", up.Err())
		}
	}
	// What a plan moved counts from the tick after it: the record must have that.
	ended := knownUpTo(t, up.Said())
	until(t, up, "two ticks have gone by", func() bool { return knownUpTo(t, up.Said()).Sub(ended) > 10*time.Minute })
	if err := up.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-up.Ended():
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	backtest := func(from ...string) (r recordedBacktest) {
		t.Helper()
		args := append([]string{"backtest", "topics", "--policies", "static,recorded", "-o", "json"}, from...)
		decode(t, run(t, patience, "drover", args...), &r)
		r.Source = ""
		return r
	}
	log := backtest("--data", dir)
	if log.Record.Fleet != "demo" || log.Record.From != "2026-03-12T09:00:00Z" || log.Record.Servers != 12 || log.Records < 50_000 {
		t.Errorf("record %+v of %d records", log.Record, log.Records)
	}
	if r := log.Trials["recorded"]; r.Moves == 0 || r.Plans == 0 || r.Energy <= 0 || log.Trials["static"].Moves != 0 {
		t.Errorf("recorded %+v, static %+v: want the moves that were made, and none", r, log.Trials["static"])
	}

	broker, err := stream.StartEmbedded(filepath.Join(dir, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	brokers, archive := strings.Join(broker.Brokers(), ","), filepath.Join(dir, "archive")
	run(t, patience, "drover", "archive", "save", "--brokers", brokers, "--dir", archive)
	for _, from := range [][]string{{"--brokers", brokers}, {"--archive", archive}} {
		if other := backtest(from...); !reflect.DeepEqual(other, log) {
			t.Errorf("%v: %+v, from the log %+v", from, other, log)
		}
	}
}
