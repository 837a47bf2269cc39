package stream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/cli"
	"drover/internal/cli/deadletter"
	"drover/internal/model"
	"drover/internal/stream"
	"drover/tests/embedded"
	"drover/tests/stream/servers"
)

// TestDeadLettersByCommand lists, shows, replays and drops refused records by the
// operator's command, on the broker within the process and on a real one.
func TestDeadLettersByCommand(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		letters(t, embedded.Broker(t).Brokers(), embedded.Redis(t))
	})
	t.Run("real", func(t *testing.T) {
		up := servers.Start(t, 1)
		letters(t, up.Brokers, up.Redis)
	})
}

// letters plays the operator's story.
func letters(t *testing.T, brokers []string, redis string) {
	conn := apply(t, brokers, stream.Plan{Partitions: stream.Partitions{ByKey: 4, ByFleet: 2}})
	right := stream.Partition(stream.Metrics, "f", "server:a", 4)
	refused(t, conn, brokers, right)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	job := job{Brokers: brokers, Redis: redis, Stage: stream.Forecaster}
	go func() { done <- job.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	onTheWire(t, conn)
	run := func(args ...string) (string, error) { return command(t, brokers, args...) }

	table, err := run("list", "-o", "wide")
	for _, want := range []string{"ID", "CLASS", "partition", "decode", "value", "murmur2", "metrics/"} {
		if err != nil || !strings.Contains(table, want) {
			t.Errorf("list lacks %q: %v\n%s", want, err, table)
		}
	}
	all := list(t, brokers)
	if len(all) != 3 {
		t.Fatalf("listed %+v", all)
	}
	byClass := map[string]string{}
	for _, l := range all {
		byClass[l.Class] = l.ID
	}
	if got := list(t, brokers, "--class", "decode"); len(got) != 1 || got[0].Class != "decode" {
		t.Errorf("--class: %+v", got)
	}
	if got := list(t, brokers, "--fleet-name", "other"); len(got) != 1 || got[0].Fleet != "other" {
		t.Errorf("--fleet-name: %+v", got)
	}
	if got := list(t, brokers, "--topic", "plans"); len(got) != 0 {
		t.Errorf("--topic: %+v", got)
	}
	shown(t, brokers, byClass["partition"])
	replayed(t, conn, brokers, byClass["partition"], right)

	if said, err := run("drop", byClass["decode"]); err != nil || !strings.Contains(said, "dropped "+byClass["decode"]) {
		t.Errorf("drop: %v\n%s", err, said)
	}
	if said, err := run("drop", "--all", "--class", "value"); err != nil || strings.Count(said, "dropped") != 1 {
		t.Errorf("drop --all: %v\n%s", err, said)
	}
	if left := list(t, brokers); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
	audited(t, conn)
	for _, wrong := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"show", "metrics/9/9"}, 1, "drover deadletter list"},
		{[]string{"replay", byClass["decode"]}, 1, "no dead letter"},
		{[]string{"replay"}, 2, "want ids, or --all"},
		{[]string{"drop", "--all", "metrics/0/0"}, 2, "want ids, or --all"},
		{[]string{"list", "-o", "xml"}, 2, "want table, wide or json"},
	} {
		if _, err := run(wrong.args...); cli.ExitCode(err) != wrong.code || !strings.Contains(fmt.Sprint(err), wrong.says) {
			t.Errorf("%v: %v, exit code %d, want %d", wrong.args, err, cli.ExitCode(err), wrong.code)
		}
	}
}

// audited checks that the audit log has every letter that was dealt with.
func audited(t *testing.T, conn *stream.Connection) {
	t.Helper()
	seen := map[string]int{}
	if err := conn.ReadAll(t.Context(), func(e stream.Entry) error {
		if a, ok := e.Event.(model.Audit); ok && strings.HasPrefix(a.Object, "deadletter/metrics/") && a.Before != "" && strings.HasSuffix(a.Actor, " (command)") {
			seen[a.Action]++
		}
		return nil
	}, stream.Audit); err != nil || seen["replay"] != 1 || seen["drop"] != 2 {
		t.Errorf("the audit log has %v, %v", seen, err)
	}
}

// refused publishes a record in a wrong partition, one that nobody can read and
// one whose key names another fleet.
func refused(t *testing.T, conn *stream.Connection, brokers []string, right int32) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	good, err := conn.Codec().Encode(stream.Metrics, "f", model.Metric{Fleet: "f", Entity: "server:a", At: 1, Producer: "p"})
	if err != nil {
		t.Fatal(err)
	}
	wrong, name := (right+1)%4, conn.Name(stream.Metrics)
	if err := client.ProduceSync(t.Context(),
		&kgo.Record{Topic: name, Partition: wrong, Key: []byte("f|server:a"), Value: good, Headers: []kgo.RecordHeader{{Key: "from", Value: []byte("a test")}}},
		&kgo.Record{Topic: name, Partition: wrong, Key: []byte("f|server:b"), Value: []byte("rubbish")},
		&kgo.Record{Topic: name, Partition: wrong, Key: []byte("other|server:a"), Value: good},
	).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// onTheWire waits for three letters and looks at what a plain Kafka tool would
// see of them.
func onTheWire(t *testing.T, conn *stream.Connection) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	n, enough := 0, errors.New("enough")
	err := conn.Tail(ctx, stream.FromStart, func(e stream.Entry) error {
		has := map[string]string{}
		for _, h := range e.Headers {
			has[h.Key] = string(h.Value)
		}
		for _, want := range []string{"origin", "origin-partition", "origin-offset", "origin-time", "class", "reason"} {
			if has[want] == "" {
				t.Errorf("a letter has no header %s: %v", want, has)
			}
		}
		if n++; n == 3 {
			return enough
		}
		return nil
	}, stream.DeadLetters)
	if !errors.Is(err, enough) {
		t.Fatalf("%d letters: %v", n, err)
	}
}

// command runs `drover deadletter` in this process.
func command(t *testing.T, brokers []string, args ...string) (string, error) {
	t.Helper()
	c := deadletter.Command()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(append(args, "--brokers", strings.Join(brokers, ","), "--prefix", testPrefix, "--log-level", "error"))
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

// listed is a line of `list -o json`.
type listed struct{ ID, Fleet, Class, Message string }

func list(t *testing.T, brokers []string, args ...string) (out []listed) {
	t.Helper()
	said, err := command(t, brokers, append([]string{"list", "-o", "json"}, args...)...)
	if err == nil {
		err = json.Unmarshal([]byte(said), &out)
	}
	if err != nil {
		t.Fatalf("list %v: %v\n%s", args, err, said)
	}
	return out
}

// shown checks that a letter is printed whole.
func shown(t *testing.T, brokers []string, id string) {
	t.Helper()
	said, err := command(t, brokers, "show", id)
	var l stream.Letter
	if err == nil {
		err = json.Unmarshal([]byte(said), &l)
	}
	if err != nil {
		t.Fatalf("show: %v\n%s", err, said)
	}
	if l.ID != id || string(l.Letter.Key) != "f|server:a" || len(l.Letter.Value) == 0 || string(l.Letter.Headers["from"]) != "a test" || l.Letter.Stage != stream.Forecaster {
		t.Errorf("show %s: %+v", id, l)
	}
}

// replayed replays one letter and finds the record in its right partition, counted.
func replayed(t *testing.T, conn *stream.Connection, brokers []string, id string, right int32) {
	t.Helper()
	if said, err := command(t, brokers, "replay", id); err != nil || !strings.Contains(said, "replayed "+id) {
		t.Fatalf("replay: %v\n%s", err, said)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	found := errors.New("found")
	if err := conn.Tail(ctx, stream.FromStart, func(e stream.Entry) error {
		if f, ok := e.Event.(model.Forecast); ok && f.Entity == "server:a" && f.Samples == 1 {
			return found
		}
		return nil
	}, stream.Forecasts); !errors.Is(err, found) {
		t.Errorf("the replayed record was not counted: %v", err)
	}
	headers := ""
	if err := conn.ReadAll(t.Context(), func(e stream.Entry) error {
		if e.Partition == right {
			headers = fmt.Sprint(e.Headers)
		}
		return nil
	}, stream.Metrics); err != nil || !strings.Contains(headers, "from") {
		t.Errorf("the replayed record's headers: %s, %v", headers, err)
	}
}
