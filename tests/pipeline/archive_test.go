package pipeline

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/model"
	"drover/internal/stream"
	"drover/tests/stream/servers"
)

// planetLabFlags are what the services that decide a PlanetLab day go by.
var planetLabFlags = []string{"--policy", "consolidate", "--driver", "vm-simulator", "--horizon", "1", "--beat", "5m", "--log-level", "warn"}

// TestARecordedRunIsReplayedAndCompared records half a day on real servers, and
// replays it from its topics and from an archive: the decisions are the same.
// With one record changed they are not, and the record is named.
func TestARecordedRunIsReplayedAndCompared(t *testing.T) {
	day := data(t, "planetlab", "20110303")
	s := servers.Start(t, 1)
	where := []string{"--brokers", s.Brokers[0]}
	stores := append(where, "--redis", s.Redis)
	drover := func(args ...string) []byte { t.Helper(); return run(t, patience, "drover", args...) }

	drover(append([]string{"replay", "planetlab", day, "--until", "60", "--prefix", "recorded.", "-o", "json"}, stores...)...)
	replay := func(args ...string) {
		t.Helper()
		var told struct {
			Records  int64  `json:"records"`
			LastTick string `json:"last_tick"`
		}
		decode(t, drover(append(append(append([]string{"replay", "-o", "json"}, args...), planetLabFlags...), stores...)...), &told)
		if told.Records < 60_000 || told.LastTick == "" {
			t.Errorf("replay %v: %d records up to %q, want a quarter of a day", args, told.Records, told.LastTick)
		}
	}
	replay("--prefix", "recorded.", "--into", "again.")
	equal(t, s, "recorded.", "again.")

	dir := filepath.Join(t.TempDir(), "archive")
	var saved struct {
		Records int64
		Topics  map[string]int64
	}
	decode(t, drover(append([]string{"archive", "save", "--dir", dir, "--prefix", "recorded.", "-o", "json"}, where...)...), &saved)
	if saved.Topics[stream.Metrics] < 60_000 || saved.Topics[stream.Scenarios] == 0 {
		t.Errorf("saved %+v", saved)
	}
	replay("--archive", dir, "--into", "archived.")
	equal(t, s, "recorded.", "archived.")

	changed := spoil(t, s, dir)
	replay("--prefix", "spoilt.", "--into", "other.")
	code, said := differ(t, s, "recorded.", "other.")
	var told struct {
		Different int
		Why       []struct{ Topic, Key, A, B string }
		Inputs    int `json:"different_inputs"`
	}
	decode(t, said, &told)
	if code != 1 || told.Different == 0 || told.Inputs != 1 || len(told.Why) != 1 || told.Why[0].Key != changed || told.Why[0].A == told.Why[0].B {
		t.Errorf("exit code %d, told %+v, want the changed record of %s", code, told, changed)
	}
}

// equal demands that two runs decided the same.
func equal(t *testing.T, s *servers.Servers, a, b string) {
	t.Helper()
	code, said := differ(t, s, a, b)
	var told struct{ Ticks, Different int }
	decode(t, said, &told)
	if code != 0 || told.Ticks < 50 || told.Different != 0 {
		t.Errorf("%s and %s: exit code %d, %s", a, b, code, said[:min(len(said), 2000)])
	}
}

// differ runs drover diff and returns its exit code and what it said.
func differ(t *testing.T, s *servers.Servers, a, b string) (int, []byte) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, "drover"), "diff", a, b, "-o", "json", "--brokers", s.Brokers[0])
	var complained strings.Builder
	cmd.Stderr = &complained
	out, _ := cmd.Output() // the exit code says it
	if !json.Valid(out) {
		t.Fatalf("diff %s %s: %s%s", a, b, out, complained.String())
	}
	return cmd.ProcessState.ExitCode(), out
}

// spoil loads the archive under another prefix with one machine's load at one
// tick changed, and returns the record's key.
func spoil(t *testing.T, s *servers.Servers, dir string) (key string) {
	t.Helper()
	registry, err := stream.OpenFileRegistry("", "spoilt.")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	conn, err := stream.Connect(ctx, stream.Settings{Brokers: s.Brokers, Prefix: "spoilt.", Registry: registry})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := stream.NewAdmin(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.Apply(ctx, stream.Plan{}); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, topic := range stream.Topology() {
		names = append(names, topic.Name)
	}
	if _, err := admin.Held(ctx, names...); err != nil { // waits until the topics are known
		t.Fatal(err)
	}
	p, err := stream.NewProducer(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	archive := stream.Archive{Dir: dir}
	topics, err := archive.Topics()
	if err != nil {
		t.Fatal(err)
	}
	for topic := range topics {
		var records []stream.Raw
		if err := archive.Read(topic, nil, func(r stream.Raw) error { records = append(records, r); return nil }); err != nil {
			t.Fatal(err)
		}
		for i, r := range records {
			m, ok := conn.Entry(r).Event.(model.Metric)
			if !ok || topic != stream.Metrics || key != "" || i < len(records)/12 || m.Samples[0].Value < 100 {
				continue
			}
			for n := range m.Samples {
				m.Samples[n].Value *= 40
			}
			if records[i].Value, err = conn.Codec().Encode(topic, m.Fleet, m); err != nil {
				t.Fatal(err)
			}
			key = string(m.Entity)
		}
		if err := p.PublishRaw(ctx, records); err != nil {
			t.Fatal(err)
		}
	}
	if key == "" {
		t.Fatal("no record to change")
	}
	return key
}
