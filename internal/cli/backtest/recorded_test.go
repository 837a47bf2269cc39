package backtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"drover/internal/cli"
	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/pipeline"
	"drover/internal/pipeline/recorded"
	"drover/internal/pipeline/trial"
	"drover/internal/replay"
	"drover/internal/simfleet"
	"drover/internal/stream"
)

func TestRecordedUsage(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "inventory.yaml")
	if err := os.WriteFile(bad, []byte("servers: [{id: a, capacity: {cpu: lots}}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"nezha"}, 2, "arg(s)"},
		{[]string{"nezha", dir, "--servers", "0"}, 2, "--servers 0: "},
		{[]string{"nezha", dir, "--server-zones", "99"}, 2, "--server-zones 99: "},
		{[]string{"nezha", dir, "--replica-cores", "17"}, 2, "--replica-cores 17: "},
		{[]string{"nezha", dir, "--replica-cores", "0"}, 2, "--replica-cores 0: "},
		{[]string{"nezha", dir, "--replica-cores", "NaN"}, 2, "--replica-cores NaN: "},
		{[]string{"nezha", dir, "--server-cores", "NaN"}, 2, "--server-cores NaN: "},
		{[]string{"nezha", dir, "--server-cores", "-1"}, 2, "--server-cores -1: "},
		{[]string{"nezha", dir, "--server-memory", "NaN"}, 2, "--server-memory NaN: "},
		{[]string{"nezha", dir, "--server-memory", "0"}, 2, "--server-memory 0: "},
		{[]string{"nezha", dir, "--scale", "NaN"}, 2, "--scale NaN"},
		{[]string{"nezha", dir, "--interval", "0"}, 2, "--interval 0s"},
		{[]string{"nezha", dir, "--report", filepath.Join(dir, "no", "where.html")}, 1, "--report"},
		{[]string{"topics", "--archive", dir, "--report", filepath.Join(dir, "no", "where.html")}, 1, "--report"},
		{[]string{"nezha", dir, "--policies", "recorded"}, 2, `"recorded"`},
		{[]string{"nezha", dir, "--from", "yesterday"}, 2, "--from"},
		{[]string{"nezha", dir, "--from", "2022-08-23", "--to", "2022-08-22"}, 2, "after --from"},
		{[]string{"nezha", dir, "--interval", "90s"}, 2, "whole minutes"},
		{[]string{"nezha", dir, "--scale", "-1"}, 2, "--scale -1"},
		{[]string{"nezha", dir, "--threads", "0"}, 2, "--threads 0"},
		{[]string{"nezha", dir, "-o", "xml"}, 2, `"xml"`},
		{[]string{"nezha", dir, "--inventory", bad}, 1, "servers[0]"},
		{[]string{"nezha", dir, "--inventory", filepath.Join(dir, "none")}, 1, "--inventory"},
		{[]string{"nezha", dir}, 1, dir},
		{[]string{"topics"}, 2, "--brokers"},
		{[]string{"topics", "--archive", dir, "--data", dir}, 2, "want one of"},
		{[]string{"topics", "--archive", dir}, 1, "no container files"},
		{[]string{"topics", "--data", dir}, 1, "drover up --data"},
		{[]string{"topics", "extra"}, 2, "extra"},
	} {
		_, err := command(t, c.args...)
		if err == nil || cli.ExitCode(err) != c.code && !strings.Contains(err.Error(), "unknown command") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v (code %d), want %q and code %d", c.args, err, cli.ExitCode(err), c.want, c.code)
		}
	}
}

// nezhaDir is where the recorded day is.
func nezhaDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(cmp.Or(os.Getenv("DROVER_DATA"), "../../../../shared/data"), "nezha")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("left out: no Nezha data (%v); set DROVER_DATA", err)
	}
	return dir
}

func TestNezhaIsPlayedTheSameByAnyNumberOfThreads(t *testing.T) {
	dir := nezhaDir(t)
	report := filepath.Join(t.TempDir(), "report.html")
	args := []string{"nezha", dir, "--to", "2022-08-22 06:40:00", "--policies", "drover,threshold,static", "-o", "json", "--report", report, "--threads"}
	one, err := command(t, append(args, "1")...)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	three, err := command(t, append(args, "3")...)
	if err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	if one != three || !bytes.Equal(page, again) {
		t.Error("the same record gives other bytes")
	}
	checkHTML(t, page, "as recorded", "made up", "frontend", "Recorded load of all applications", "recommendationservice")
	var r recordedResult
	if err := json.Unmarshal([]byte(one), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Record.Applications) != 10 || r.Record.Servers != 16 || len(r.Policies) != 3 || r.Trials["static"].Moves != 0 {
		t.Errorf("record %+v, policies %+v", r.Record, r.Policies)
	}
	if drover := r.Trials["drover"]; drover.Moves == 0 || drover.EnergyKWh >= r.Trials["static"].EnergyKWh {
		t.Errorf("drover: %d moves, %.2f kWh, static %.2f kWh", drover.Moves, drover.EnergyKWh, r.Trials["static"].EnergyKWh)
	}
	for _, a := range r.Record.Applications {
		if a.DemandFrom != "calls" || a.DemandMillis < 0.05 || a.DemandMillis > 50 {
			t.Errorf("%s: %.3f ms a request from %s, want what the traces' calls tell", a.ID, a.DemandMillis, a.DemandFrom)
		}
	}
}

// What is decided up to a tick follows from events up to it: another afternoon
// changes nothing of the morning's decisions.
func TestNezhaDecisionsDoNotKnowWhatComes(t *testing.T) {
	day, err := replay.OpenNezha(nezhaDir(t))
	if err != nil {
		t.Fatal(err)
	}
	from := day.First().Add(nezhaHistory)
	turn := from.Floor(5 * time.Minute).Add(20 * time.Minute)
	servers := recorded.DefaultServers()
	decide := func(scale float64) []any {
		fleet, err := NezhaRecord(day).Build(recorded.Options{From: from, To: turn.Add(15 * time.Minute), Interval: 5 * time.Minute, Servers: &servers, Scale: 850, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i := range fleet.Spec.Applications {
			r := fleet.Spec.Applications[i].Recorded
			for m := range r.CPUMilli {
				if r.Start.Add(time.Duration(m)*r.Step) >= turn {
					r.CPUMilli[m] *= scale
				}
			}
		}
		var out []any
		config := trial.DefaultConfig("drover")
		config.Watch = func(event any) {
			switch e := event.(type) {
			case model.Evaluation:
				if e.Tick <= turn {
					out = append(out, e)
				}
			case model.Plan:
				if e.Tick <= turn {
					out = append(out, e)
				}
			}
		}
		if _, err := trial.Run(context.Background(), fleet.Spec, fleet.Length, config); err != nil {
			t.Fatal(err)
		}
		return out
	}
	asRecorded, otherwise := decide(1), decide(3)
	if len(asRecorded) < 5 || !reflect.DeepEqual(asRecorded, otherwise) {
		t.Errorf("%d decisions up to %v, %d where the load triples after it: want the same", len(asRecorded), turn, len(otherwise))
	}
}

// record sends what the demo fleet would into topics of an embedded broker: some
// hours of history and half an hour of life.
func record(t *testing.T) (*stream.Embedded, *stream.Connection) {
	t.Helper()
	broker, err := stream.StartEmbedded("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	registry, err := stream.OpenFileRegistry("", "drover.")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	connection, err := stream.Connect(ctx, stream.Settings{Brokers: broker.Brokers(), Prefix: "drover.", Registry: registry})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := stream.NewAdmin(connection)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.Apply(ctx, stream.Plan{Partitions: stream.Partitions{ByKey: 3, ByFleet: 2}}); err != nil {
		t.Fatal(err)
	}
	producer, err := stream.NewProducer(connection)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	spec := simfleet.DemoSpec(1)
	spec.History = 6 * time.Hour
	fleet, err := simfleet.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	play := pipeline.NewPlay(fleet, ingest.NewFeed(simfleet.Producer, producer))
	if err := play.History(ctx, nil); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		if err := play.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return broker, connection
}

func TestTopicsAndTheirArchiveGiveTheSame(t *testing.T) {
	broker, connection := record(t)
	dir := t.TempDir()
	for _, topic := range played() {
		if _, err := (stream.Archive{Dir: dir}).Save(t.Context(), connection, stream.Bound{}, stream.Bound{}, topic); err != nil {
			t.Fatal(err)
		}
	}
	flags := []string{"--policies", "static,threshold,recorded", "-o", "json"}
	read := func(args ...string) recordedResult {
		t.Helper()
		out, err := command(t, append(append([]string{"topics"}, args...), flags...)...)
		if err != nil {
			t.Fatal(err)
		}
		var r recordedResult
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	kafka, archive := read("--brokers", strings.Join(broker.Brokers(), ",")), read("--archive", dir)
	if kafka.Source = archive.Source; !reflect.DeepEqual(kafka, archive) {
		t.Errorf("topics give %+v, the archive %+v", kafka, archive)
	}
	a := archive.Record
	start := simfleet.DemoSpec(1).Start
	if a.Fleet != "demo" || a.From != start || a.To != start.Add(30*time.Minute) || a.From.Sub(a.Begin) != 6*time.Hour-5*time.Minute || a.Servers != 12 || len(a.Applications) != 13 {
		t.Errorf("account %+v", a)
	}
	truth, err := simfleet.New(simfleet.DemoSpec(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, app := range a.Applications {
		sum := 0.0
		for m := range 30 {
			sum += truth.CPUMilli(app.ID, truth.Rates(start.Add(time.Duration(m)*time.Minute+30*time.Second)))
		}
		if want := sum / 30 / 1000; app.MeanCores < 0.97*want-0.01 || app.MeanCores > 1.03*want+0.01 {
			t.Errorf("%s used %.3f cores, the record says %.3f", app.ID, want, app.MeanCores)
		}
	}
	if s := archive.Trials["static"]; s.EnergyKWh <= 0 || s.EnergyKWh != archive.Trials["recorded"].EnergyKWh {
		t.Errorf("static %+v, recorded %+v: want the same, since nothing was done", s, archive.Trials["recorded"])
	}
	_, err = command(t, "topics", "--archive", dir, "--fleet", "shop")
	if err == nil || cli.ExitCode(err) != 1 || !strings.Contains(err.Error(), "want demo") {
		t.Errorf("another fleet: %v", err)
	}
}
