package pipeline

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stream"
	"drover/tests/child"
	"drover/tests/stream/servers"
)

// patience is for slow machines; nothing is measured by it.
const patience = 20 * time.Minute

func TestAPlanetLabDayOnRealServersIsDecidedAsInMemory(t *testing.T) {
	day := data(t, "planetlab", "20110303")
	s := servers.Start(t, 1)
	dir := t.TempDir()
	memory, kafka := filepath.Join(dir, "memory.csv"), filepath.Join(dir, "kafka.csv")
	var inMemory, onKafka struct {
		Energy     float64 `json:"energy_kwh"`
		Migrations int     `json:"migrations"`
		Unserved   float64 `json:"unserved"`
		Seconds    float64 `json:"seconds"`
	}
	decode(t, run(t, patience, "drover", "backtest", "planetlab", day, "--decisions", memory, "-o", "json"), &inMemory)
	decode(t, run(t, patience, "drover", "replay", "planetlab", day, "--brokers", s.Brokers[0], "--redis", s.Redis,
		"--decisions", kafka, "-o", "json"), &onKafka)
	same(t, memory, kafka)
	if inMemory.Migrations == 0 || inMemory.Energy != onKafka.Energy || inMemory.Unserved != onKafka.Unserved {
		t.Errorf("in memory %+v, on Kafka %+v: want the same score", inMemory, onKafka)
	}
	t.Logf("in memory %.1f s, through Kafka and Redis %.1f s: %.1f kWh, %d migrations, %.4f %% unserved",
		inMemory.Seconds, onKafka.Seconds, onKafka.Energy, onKafka.Migrations, 100*onKafka.Unserved)
}

func decode(t *testing.T, b []byte, to any) {
	t.Helper()
	if err := json.Unmarshal(b, to); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
}

// same demands two equal files that are not empty.
func same(t *testing.T, a, b string) {
	t.Helper()
	x, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(x) < 100 || !bytes.Equal(x, y) {
		t.Errorf("decisions differ: %d bytes in %s, %d in %s", len(x), a, len(y), b)
	}
}

func TestTheNezhaDayGivesItsGraph(t *testing.T) {
	day := data(t, "nezha")
	s := servers.Start(t, 1)
	var got struct {
		Edges []struct {
			Caller, Callee string
			Calls          uint64
			P50            float64 `json:"p50_ms"`
		}
		Forecasts []struct {
			Entity, Resource string
			Ahead            float64 `json:"q50_ahead"`
			High             float64 `json:"q95_ahead"`
		}
	}
	decode(t, run(t, patience, "drover", "replay", "nezha", day, "--brokers", s.Brokers[0], "--redis", s.Redis, "-o", "json"), &got)
	want := recordedCalls(t, day)
	if len(got.Edges) != len(want) || len(want) < 10 {
		t.Errorf("%d edges, recorded are %d", len(got.Edges), len(want))
	}
	for _, e := range got.Edges {
		if e.Calls != want[e.Caller+">"+e.Callee] || e.P50 <= 0 {
			t.Errorf("%s -> %s: %d calls of %.2f ms, recorded are %d", e.Caller, e.Callee, e.Calls, e.P50, want[e.Caller+">"+e.Callee])
		}
	}
	if len(got.Forecasts) != 40 { // ten services, four resources
		t.Errorf("%d forecasts, want 40", len(got.Forecasts))
	}
	for _, f := range got.Forecasts {
		if f.High < f.Ahead || f.High <= 0 {
			t.Errorf("%s of %s: median %v, q95 %v", f.Resource, f.Entity, f.Ahead, f.High)
		}
	}
}

// recordedCalls sums the recorded calls of every edge.
func recordedCalls(t *testing.T, dir string) map[string]uint64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "edges_*.csv"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded edges in %s (error %v)", dir, err)
	}
	f, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]uint64{}
	for _, row := range rows[1:] {
		n, err := strconv.ParseUint(row[3], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if row[1] != "ENTRY" {
			sums[row[1]+">"+row[2]] += n
		}
	}
	return sums
}

func TestKillingEachServiceOnceChangesNoDecision(t *testing.T) {
	const until = "120"
	day := data(t, "planetlab", "20110303")
	s := servers.Start(t, 1)
	dir := t.TempDir()
	memory, killed := filepath.Join(dir, "memory.csv"), filepath.Join(dir, "killed.csv")
	run(t, patience, "drover", "backtest", "planetlab", day, "--until", until, "--decisions", memory)

	const prefix = "killed."
	where := []string{"--brokers", s.Brokers[0], "--redis", s.Redis, "--prefix", prefix}
	feed := append([]string{"replay", "planetlab", day, "--stages", "none", "--until", until, "--decisions", killed}, where...)
	ingest := start(t, "drover", feed...)
	services := map[string]*child.Process{}
	for _, name := range []string{"forecaster", "planner", "executor"} {
		services[name] = start(t, name, append([]string{"--listen", "127.0.0.1:0", "--policy", "consolidate", "--driver", "vm-simulator",
			"--horizon", "1", "--beat", "5m", "--save-every", "1s", "--log-level", "warn"}, where...)...)
	}
	kills := map[int]*child.Process{5: ingest, 25: services["forecaster"], 50: services["planner"], 75: services["executor"]}
	onTicks(t, s, prefix, func(tick int) {
		if p := kills[tick]; p != nil {
			delete(kills, tick)
			p.Restart()
		}
	})
	select {
	case <-ingest.Ended():
		if ingest.Err() != nil {
			t.Fatalf("replay: %v\n%s", ingest.Err(), ingest.Said())
		}
	case <-time.After(patience):
		t.Fatal("the replay did not end")
	}
	if len(kills) != 0 {
		t.Errorf("%d services were not killed", len(kills))
	}
	same(t, memory, killed)
}

// onTicks calls fn for each tick that the planner decides, until tick 80.
func onTicks(t *testing.T, s *servers.Servers, prefix string, fn func(tick int)) {
	t.Helper()
	registry, err := stream.OpenFileRegistry("", prefix)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := stream.Connect(ctx, stream.Settings{Brokers: s.Brokers, Prefix: prefix, Registry: registry})
	if err != nil {
		t.Fatal(err)
	}
	first := model.NoInstant
	seen := map[model.Instant]bool{}
	for ctx.Err() == nil && len(seen) <= 80 { // the topics may not be there yet
		err = conn.Tail(ctx, stream.FromStart, func(e stream.Entry) error {
			v, ok := e.Event.(model.Evaluation)
			if !ok || seen[v.Tick] {
				return nil
			}
			if first == model.NoInstant {
				first = v.Tick
			}
			seen[v.Tick] = true
			fn(int(v.Tick.Sub(first) / (5 * time.Minute)))
			if len(seen) > 80 {
				cancel()
			}
			return nil
		}, stream.Scenarios)
		if len(seen) <= 80 {
			time.Sleep(200 * time.Millisecond)
		}
	}
	if len(seen) <= 80 {
		t.Fatalf("only %d ticks were decided: %v", len(seen), err)
	}
}
