package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"drover/internal/ingest/door"
	"drover/internal/ingest/format"
	"drover/internal/ingest/format/inventory"
	"drover/internal/ingest/host"
	"drover/internal/ingest/mapping"
	"drover/internal/ingest/pull"
	"drover/tests/stream/servers"
)

// block is one example of the document.
type block struct{ language, text string }

// documented returns the examples of docs/ingest.md.
func documented(t *testing.T) []block {
	t.Helper()
	page, err := os.ReadFile("../../docs/ingest.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```").FindAllSubmatch(page, -1) {
		blocks = append(blocks, block{string(m[1]), string(m[2])})
	}
	return blocks
}

const testdata = "../../internal/ingest/format/catalog/testdata"

// What stands in for the files, programs and pages of the examples: samples of
// our own making.
var (
	files = map[string]string{"spans.json": "otlp-traces.json", "zipkin.json": "zipkin.v2.json", "spans.csv": "spans-csv.csv", "metrics.csv": "metrics-csv.long.csv",
		"events.jsonl": "events.jsonl", "holidays.ics": "icalendar.ics", "campaigns.csv": "campaigns-csv.csv", "compose.yaml": "compose.yaml", "inventory.yaml": "inventory.yaml"}
	programs = map[string]string{"mtr": "mtr.columns.json", "traceroute": "traceroute-text.linux.txt", "scamper": "scamper.jsonl", "kubectl": "kubernetes.json",
		"docker": "compose.yaml", "aws": "maintenance-aws.json"}
	pages = map[string]string{"atlas.ripe.net": "ripe-atlas.jsonl", "169.254.169.254": "maintenance-azure.json", "jaeger:16686": "jaeger.json", "localhost:9100": "prometheus.txt"}
)

// workplace makes a folder with the files and programs of the examples; curl
// prints the pages that are elsewhere and is itself for all others.
func workplace(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	testdata, err := filepath.Abs(testdata)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, sample := range files {
		data, err := os.ReadFile(filepath.Join(testdata, sample))
		if err != nil {
			t.Fatal(err)
		}
		write(name, string(data), 0o600)
	}
	for name, sample := range programs {
		write(name, "#!/bin/sh\ncat "+filepath.Join(testdata, sample)+"\n", 0o700)
	}
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nfor a; do case \"$a\" in\n"
	for page, sample := range pages {
		script += "*" + page + "*) exec cat " + filepath.Join(testdata, sample) + ";;\n"
	}
	write("curl", script+"esac; done\nexec "+curl+" \"$@\"\n", 0o700)
	return dir
}

// TestDocumentedCommands runs every command of docs/ingest.md that sends
// something to a door, as it is written there.
func TestDocumentedCommands(t *testing.T) {
	servers.Need(t, "curl", "bash", "hostname")
	dir := workplace(t)
	const token = "a token of this test"
	if err := os.WriteFile(filepath.Join(dir, "drover.token"), []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	credentials, err := door.ReadCredentials([]byte(fmt.Sprintf("credentials: [{name: a, fleet: shop, token_sha256: %x}]", sha256.Sum256([]byte(token)))))
	if err != nil {
		t.Fatal(err)
	}
	open, guarded := startDoor(t, nil), startDoor(t, credentials)
	ran := 0
	for _, command := range commands(t) {
		command = strings.NewReplacer("http://127.0.0.1:8080", open, "http://drover:8080", guarded,
			"/etc/drover.token", filepath.Join(dir, "drover.token"), "curl -fsS", "curl --max-time 60 -sS").Replace(command)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		cmd := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", command)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		answer, err := cmd.CombinedOutput()
		cancel()
		if err != nil || !took(t, strings.TrimSpace(string(answer)), command) {
			t.Errorf("%s\n%s(%v)", command, answer, err)
		}
		ran++
	}
	if ran < 20 {
		t.Errorf("%d commands were found in the document, want at least 20", ran)
	}
}

// took tells whether a door took what was sent: of a sample as many records as
// its golden file says, of what the command holds itself something.
func took(t *testing.T, answer, command string) bool {
	t.Helper()
	switch {
	case strings.Contains(command, "/api/v2/write"):
		return answer == "" // 204
	case strings.Contains(command, "/v1/traces"):
		return strings.HasPrefix(answer, "{") && !strings.Contains(answer, "message")
	}
	want := `"accepted":1,"rejected":0`
	for _, stand := range []map[string]string{files, programs, pages} {
		for name, sample := range stand {
			if !regexp.MustCompile(`(^|[@/])` + regexp.QuoteMeta(name) + `[ /]`).MatchString(command) {
				continue
			}
			golden, err := os.ReadFile(filepath.Join(testdata, sample+".golden"))
			if err != nil {
				t.Fatal(err)
			}
			counts := regexp.MustCompile(`read (\d+), rejected (\d+)`).FindSubmatch(golden)
			want = fmt.Sprintf(`"accepted":%s,"rejected":%s`, counts[1], counts[2])
		}
	}
	return strings.Contains(answer, want)
}

// commands returns the commands that send something, without cron's times.
func commands(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, b := range documented(t) {
		if b.language != "sh" && b.language != "cron" {
			continue
		}
		for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
			if b.language == "cron" {
				line = strings.Join(strings.Fields(line)[5:], " ")
			}
			if strings.Contains(line, "curl") && strings.Contains(line, ":8080/") {
				list = append(list, strings.TrimSpace(line))
			}
		}
	}
	return list
}

// startDoor serves the doors on a free port until the test's end.
func startDoor(t *testing.T, credentials *door.Credentials) string {
	t.Helper()
	doors, err := door.New(door.Config{Sink: &sink{took: make(chan struct{}, 1)}, Credentials: credentials, LoopbackFleet: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	served := httptest.NewServer(doors)
	t.Cleanup(served.Close)
	return served.URL
}

// TestDocumentedFiles reads every file of docs/ingest.md that Drover reads, and
// lets promtool check Prometheus' own.
func TestDocumentedFiles(t *testing.T) {
	read := map[string]func(data []byte) error{
		"# credentials.yaml": func(data []byte) error { _, err := door.ReadCredentials(data); return err },
		"# targets.yaml":     func(data []byte) error { _, err := pull.ReadTargets(data); return err },
		"# rules.yaml":       func(data []byte) error { _, err := host.ReadProcessRules(data); return err },
		"# telegraf.yaml":    func(data []byte) error { return new(mapping.Rules).Add(data) },
		"# inventory.yaml": func(data []byte) error {
			out := format.NewOut(nil)
			inventory.Parse(data, format.Options{}, out)
			return out.First
		},
		"# prometheus.yml": func(data []byte) error {
			servers.Need(t, "promtool")
			// Debian's Prometheus knows no version 2.0 of remote write.
			data = regexp.MustCompile(`(?m)^ *protobuf_message:.*\n`).ReplaceAll(data, nil)
			path := filepath.Join(t.TempDir(), "prometheus.yml")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				return err
			}
			said, err := exec.Command("promtool", "check", "config", "--syntax-only", path).CombinedOutput()
			if err != nil {
				return fmt.Errorf("promtool: %w\n%s", err, said)
			}
			return nil
		},
	}
	for _, b := range documented(t) {
		for begin, check := range read {
			if b.language != "yaml" || !bytes.HasPrefix([]byte(b.text), []byte(begin)) {
				continue
			}
			if err := check([]byte(b.text)); err != nil {
				t.Errorf("%s: %v", begin, err)
			}
			delete(read, begin)
		}
	}
	for begin := range read {
		t.Errorf("no example begins with %q", begin)
	}
}
