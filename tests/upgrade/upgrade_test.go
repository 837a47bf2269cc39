package upgrade

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/internal/stream"
	"drover/tests/embedded"
	"drover/tests/upgrade/kept"
)

// patience is for a machine that is busy with other tests.
const patience = 3 * time.Minute

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestTodaysProgramsGoOnWhereEarlierOnesStopped puts topics, schemas and states of
// each recorded version back, and starts today's `drover up` on them. Schemas that
// are not compatible both ways are refused at the start, a state that can't be
// read ends the stage, and a record that can't be read is a dead letter.
func TestTodaysProgramsGoOnWhereEarlierOnesStopped(t *testing.T) {
	program := filepath.Join(t.TempDir(), "drover")
	if out, err := exec.Command("go", "build", "-o", program, "drover/cmd/drover").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	versions, err := filepath.Glob(filepath.Join("testdata", "*", kept.Said))
	if err != nil || len(versions) == 0 {
		t.Fatalf("no version is recorded: %v", err)
	}
	for _, v := range versions {
		t.Run(filepath.Base(filepath.Dir(v)), func(t *testing.T) { goOn(t, program, filepath.Dir(v)) })
	}
}

func goOn(t *testing.T, program, dir string) {
	var said kept.Answers
	text, err := os.ReadFile(filepath.Join(dir, kept.Said))
	must(t, err)
	must(t, json.Unmarshal(text, &said))
	disk := t.TempDir()
	must(t, kept.Unpack(filepath.Join(dir, kept.Disk), disk))
	broker, err := stream.StartEmbedded(filepath.Join(disk, "broker"))
	must(t, err)
	t.Cleanup(broker.Close)
	redis := embedded.Redis(t)
	s, err := kept.Open(redis)
	must(t, err)
	defer s.Close()
	if n, err := kept.Load(t.Context(), s, filepath.Join(dir, kept.State)); err != nil || n < 3 {
		t.Fatalf("%d states, %v", n, err)
	}

	explained, err := exec.Command(program, "forecast", "explain", "app:db", "-o", "json", "--redis",
		redis).Output()
	must(t, err)
	if err := holds(observed(t, said.Explain), observed(t, explained)); err != nil {
		t.Errorf("the state gives another forecast than %s explained: %v", said.Version, err)
	}

	up := start(t, program, "up", "--fleet", filepath.Join("testdata", kept.Fleet), "--listen", "127.0.0.1:0",
		"--speed", "120x", "--data", disk, "--brokers", broker.Brokers()[0], "--redis", redis)
	up.await(t, "a decision after "+said.Decided, func(line string) bool {
		at, what, _ := strings.Cut(line, "  ")
		return strings.HasPrefix(what, "decide ") && at > said.Decided
	})
	if !strings.Contains(up.said.String(), "goes on from 2026-03-12") {
		t.Errorf("it begins anew:\n%s", up.said.String())
	}
	for path, was := range said.API {
		// The page reads the topics by itself, beside the stages.
		end := time.Now().Add(patience)
		err := sameItems(was, get(t, up.page+path))
		for ; err != nil && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			err = sameItems(was, get(t, up.page+path))
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	var letters struct{ Total int }
	must(t, json.Unmarshal(get(t, up.page+"/api/v1/fleets/shop/deadletters"), &letters))
	if letters.Total != 0 {
		t.Errorf("%d records became dead letters", letters.Total)
	}
}

// observed keeps what a forecaster has seen of its series and leaves out what it
// makes of that, which a better model may change.
func observed(t *testing.T, explained []byte) []byte {
	t.Helper()
	var series []struct {
		Fleet      string  `json:"fleet"`
		Entity     string  `json:"entity"`
		Resource   string  `json:"resource"`
		Observed   float64 `json:"observed"`
		ObservedAt string  `json:"observed_at"`
	}
	must(t, json.Unmarshal(explained, &series))
	if len(series) == 0 || series[0].Observed == 0 {
		t.Errorf("nothing is remembered: %s", explained)
	}
	text, err := json.Marshal(series)
	must(t, err)
	return text
}

// running is a drover up.
type running struct {
	page  string
	said  bytes.Buffer
	lines chan string
}

func start(t *testing.T, program string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	pipe, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	r := &running{lines: make(chan string)}
	go func() {
		defer close(r.lines)
		for in := bufio.NewScanner(pipe); in.Scan(); {
			select {
			case r.lines <- in.Text():
			case <-ctx.Done(): // nobody listens any more
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		for range r.lines { // until it has ended
		}
		_ = cmd.Wait() // it was told to end
		if strings.Contains(stderr.String(), "restore") || t.Failed() {
			t.Errorf("drover up says:\n%s", stderr.String())
		}
	})
	return r
}

// await reads lines until one will do.
func (r *running) await(t *testing.T, what string, will func(string) bool) {
	t.Helper()
	for end := time.After(patience); ; {
		select {
		case line, ok := <-r.lines:
			if !ok {
				t.Fatalf("it ended before %s:\n%s", what, r.said.String())
			}
			r.said.WriteString(line + "\n")
			if _, at, ok := strings.Cut(line, "page at "); ok {
				r.page = strings.TrimSuffix(at, "/")
			}
			if will(line) {
				return
			}
		case <-end:
			t.Fatalf("no %s:\n%s", what, r.said.String())
		}
	}
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	answer, err := http.Get(url)
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s", url, answer.Status, text)
	}
	return text
}

// sameItems demands every item of a list in a later one: plans, which have ended,
// with all that was said of them; of others, which live on, the name.
func sameItems(was, is []byte) error {
	type list struct{ Items []map[string]any }
	var before, now list
	if err := json.Unmarshal(was, &before); err != nil {
		return err
	}
	if err := json.Unmarshal(is, &now); err != nil {
		return err
	}
	if len(before.Items) == 0 {
		return fmt.Errorf("nothing was recorded")
	}
	found := map[any]map[string]any{}
	for _, item := range now.Items {
		found[item["id"]] = item
	}
	for _, item := range before.Items {
		other := found[item["id"]]
		if other == nil {
			return fmt.Errorf("%v is not known any more", item["id"])
		}
		if item["tick"] == nil {
			continue
		}
		if err := contains(item, other); err != nil {
			return fmt.Errorf("%v: %w", item["id"], err)
		}
	}
	return nil
}
