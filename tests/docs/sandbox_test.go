package docs

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/tests/child"
	"drover/tests/embedded"
)

// sandbox is where the documents' commands run: the programs as built, a broker
// and a store in this process, the demo fleet on them, a door for other fleets,
// and stand-ins for the programs of others.
type sandbox struct {
	programs, standIns, home string
	brokers, redis           string
	page, door               string // URLs of drover up and of an ingest
	exporter                 string // host:port of a machine's metrics
	free                     [3]string
}

// patience is for a machine that is busy with other tests.
const patience = 3 * time.Minute

func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	dir := t.TempDir()
	s := &sandbox{
		programs: filepath.Join(dir, "bin"),
		standIns: filepath.Join(dir, "others"),
		home:     filepath.Join(dir, "home"),
	}
	if out, err := exec.Command("go", "build", "-o", s.programs+"/", "drover/cmd/...").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, d := range []string{s.standIns, s.home} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.brokers, s.redis = embedded.Broker(t).Brokers()[0], embedded.Redis(t)
	write(t, s.home, "demo.yaml", fleet())
	s.page = s.up(t, "--brokers", s.brokers, "--redis", s.redis)
	if out, err := s.command(t.Context(), "drover", "topics", "apply", "--prefix", "docs.", "--brokers", s.brokers).CombinedOutput(); err != nil {
		t.Fatalf("topics apply: %v\n%s", err, out)
	}
	// An embedded broker knows of no rights until it is told of some.
	if out, err := s.command(t.Context(), "drover", "topics", "acls", "--grant", "--brokers", s.brokers).CombinedOutput(); err != nil {
		t.Fatalf("topics acls: %v\n%s", err, out)
	}
	s.door = "http://" + s.serve(
		t,
		`listen=(\S+)`,
		"ingest",
		"--listen",
		"127.0.0.1:0",
		"--prefix",
		"docs.",
		"--fleet",
		"shop",
		"--brokers",
		s.brokers,
		"--redis",
		s.redis,
	)
	s.exporter = exporter(t)
	for i := range s.free {
		s.free[i] = child.FreeAddress(t)
	}
	go s.hurry(t.Context())
	s.writeStandIns(t)
	// The demo fleet's history has been read, a plan waits, and the state is saved.
	s.waitFor(t, s.home, filepath.Join(s.standIns, "the-plan"))
	s.waitFor(t, s.home, filepath.Join(s.programs, "drover"), "forecast", "explain", "app:web", "--redis", s.redis)
	return s
}

// up starts the demo fleet and returns its page. Its plan waits for a person.
func (s *sandbox) up(t *testing.T, args ...string) string {
	t.Helper()
	return s.serve(
		t,
		"page at (http://[^/ ]+)",
		"drover",
		append([]string{"up", "--fleet", filepath.Join(s.home, "demo.yaml"),
			"--listen", "127.0.0.1:0", "--approval", "--speed", "30x"}, args...)...)
}

// hurry lets event time pass thirty times as fast for the ingest of the tutorial,
// whose decisions are five minutes apart.
func (s *sandbox) hurry(ctx context.Context) {
	for began := time.Now(); ctx.Err() == nil; {
		beat := fmt.Sprintf(`{"at": %q}`, began.Add(30*time.Since(began)).UTC().Format(time.RFC3339))
		if answer, err := http.Post("http://"+s.free[0]+"/v1/heartbeat", "application/json", strings.NewReader(beat)); err == nil {
			answer.Body.Close()
		} else { // it does not run yet, or no more
			began = time.Now()
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// command is one of the built programs, without the caller's own settings.
func (s *sandbox) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.programs, name), args...)
	cmd.Env = s.environment()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

func (s *sandbox) environment() []string {
	var out []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "DROVER_") && !strings.HasPrefix(v, "HOME=") && !strings.HasPrefix(v, "PATH=") {
			out = append(out, v)
		}
	}
	return append(out, "HOME="+s.home, "PATH="+s.standIns+":"+s.programs+":"+os.Getenv("PATH"),
		"DROVER_SERVER="+s.page, "NO_COLOR=1")
}

// serve starts a server, returns what the pattern finds in its output, and ends
// it with the test.
func (s *sandbox) serve(t *testing.T, pattern, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := s.command(ctx, name, args...)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	found, ended := make(chan string, 1), make(chan struct{})
	var said bytes.Buffer
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m := regexp.MustCompile(pattern).FindStringSubmatch(lines.Text()); m != nil {
				select {
				case found <- m[1]:
				default:
				}
			}
			if said.Len() < 10_000 {
				said.WriteString(lines.Text() + "\n")
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was told to end
		<-ended
		out.Close()
	})
	select {
	case address := <-found:
		return address
	case <-ended:
	case <-time.After(patience):
		cancel()
		<-ended
	}
	t.Fatalf("%s does not say %s:\n%s", name, pattern, said.String())
	return ""
}

// waitFor repeats a command until it succeeds.
func (s *sandbox) waitFor(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Env, cmd.Dir = s.environment(), dir
		out, err := cmd.CombinedOutput()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
}

// samples are files of the project that stand in for what the reader has, by the
// names that the documents use.
var samples = map[string]string{
	"compose.yaml": "compose.yaml", "measurements.jsonl": "ripe-atlas.jsonl",
	"traces.json": "zipkin.v2.json", "otlp.json": "otlp-traces.json", "minute1.csv": "spans-csv.csv", "minute2.csv": "spans-csv.csv",
	"db1.json": "mtr.json",
}

const testdata = "../../internal/ingest/format/catalog/testdata/"

// writeStandIns makes them, and a curl that answers for the internet and passes
// everything else on.
func (s *sandbox) writeStandIns(t *testing.T) {
	t.Helper()
	real, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal(err)
	}
	scripts := map[string]string{
		"scamper": "cat " + s.sample(t, "trace.jsonl"), "mtr": "cat " + file(t, "mtr.json"),
		"traceroute": "cat " + file(t, "traceroute-text.linux.txt"), "kubectl": "cat " + file(t, "kubernetes.json"),
		"aws": "cat " + s.sample(t, "aws.json"), "docker": "cat " + s.sample(t, "compose.json"), "dot": "grep -q digraph && echo '<svg/>'",
		"curl": `case "$*" in *jaeger:16686*) cat ` + s.sample(t, "jaeger.json") + `;; *atlas.ripe.net*) cat ` + s.sample(t,
			"results.jsonl") + ";; *169.254.169.254*) cat " + s.sample(
			t,
			"azure.json",
		) +
			";; *) exec " + real + ` "$@";; esac`,
		// The first plan that waits for a person; all of a document's commands speak of
		// the same.
		"the-plan": `[ -s plan ] || for i in $(seq 600); do
	` + real + ` -fsS "$DROVER_SERVER/api/v1/fleets/demo/plans?state=waiting" | grep -o '"p-[0-9a-f]*"' | head -1 | tr -d '"' >plan || true
	[ -s plan ] && break; sleep .2; done; [ -s plan ] && cat plan`,
	}
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(s.standIns, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// sample writes one of the sandbox's own samples and returns its path.
func (s *sandbox) sample(t *testing.T, name string) string {
	t.Helper()
	write(t, s.standIns, name, []byte(own[name]))
	return filepath.Join(s.standIns, name)
}

func file(t *testing.T, sample string) string {
	t.Helper()
	path, err := filepath.Abs(testdata + sample)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// translate puts the sandbox's addresses in the place of the documents'.
func (s *sandbox) translate(doc, script string) string {
	server := s.page
	if doc == "docs/ingest.md" {
		server = s.door
	}
	pairs := []string{
		"--listen 127.0.0.1:8080", "--listen 127.0.0.1:0", "--listen :8443", "--listen 127.0.0.1:0",
		"0.0.0.0:8443", "127.0.0.1:0", "0.0.0.0:4317", "127.0.0.1:0",
		"http://127.0.0.1:8080", server, "http://drover:8080", server, "https://drover.example:8443", server,
		"localhost:8080", strings.TrimPrefix(server, "http://"),
		"kafka:9092", s.brokers, "127.0.0.1:9092", s.brokers,
		"redis:6379", s.redis, "127.0.0.1:6379", s.redis, "HOST:PORT", s.redis,
		"127.0.0.1:8081", s.free[0], "127.0.0.1:8082", s.free[1], "127.0.0.1:9090", s.free[2],
		"127.0.0.1:9100", s.exporter, "localhost:9100", s.exporter, "scrape_interval: 15s", "scrape_interval: 1s",
		"DROVER_INGEST_FLEET=shop", "DROVER_INGEST_FLEET=shop DROVER_INGEST_CLOCK=sender", "sleep 1", "sleep .2",
		"/etc/drover.token", "$HOME/.drover-token", " PLAN", " $(the-plan)", "/PLAN/", "/$(the-plan)/",
		"go run ./cmd/drover", "drover",
		// It would wait a minute for a receiver that has ended.
		"prometheus --config", "prometheus --storage.remote.flush-deadline=1s --config",
	}
	return strings.NewReplacer(pairs...).Replace(script)
}

// prologue is what goes before a document's commands: they end at the first that
// fails, and take down what they have started.
const prologue = `set -euo pipefail
trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
until_says() {
	log=$(mktemp); cat >"$log.sh"
	bash "$log.sh" >"$log" 2>&1 &
	pid=$!
	for i in $(seq 300); do
		if grep -q -- "$1" "$log"; then
			pkill -TERM -P $pid || kill -TERM $pid
			wait $pid && return 0 || code=$?
			[ $code = 143 ] && return 0
			echo "ended with $code"; cat "$log"; return 1
		fi
		kill -0 $pid 2>/dev/null || break
		sleep .2
	done
	echo "does not say $1:"; cat "$log"; return 1
}
`

// script makes one script of a document's blocks.
func (s *sandbox) script(doc string, blocks []*block) string {
	var b strings.Builder
	b.WriteString(prologue)
	for _, one := range blocks {
		fmt.Fprintf(&b, "echo '== %s' >&2\n", one.place())
		if one.key == "runs until" {
			fmt.Fprintf(&b, "until_says '%s' <<'END_OF_BLOCK'\n%sEND_OF_BLOCK\n", one.say,
				s.translate(doc, "exec "+one.text))
			continue
		}
		b.WriteString(s.translate(doc, one.text))
	}
	return b.String()
}
