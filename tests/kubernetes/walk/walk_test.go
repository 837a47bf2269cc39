package walk_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/tests/kubernetes/programs"
	"drover/tests/leaveout"
	"drover/tests/module"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// commands returns the blocks of shell commands of a document's section, as they
// stand.
func commands(t *testing.T, path, heading string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	_, section, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("%s has no section %q", path, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks []string
	for {
		_, rest, found := strings.Cut(section, "```sh\n")
		if !found {
			return blocks
		}
		block, after, closed := strings.Cut(rest, "```\n")
		if !closed {
			t.Fatalf("%s: a block of commands has no end", path)
		}
		blocks, section = append(blocks, block), after
	}
}

// freePorts returns ports that nothing listens on, so many in a row.
func freePorts(t *testing.T, row int) int {
	t.Helper()
	for range 100 {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		port := first.Addr().(*net.TCPAddr).Port
		must(t, first.Close())
		free := port+200 < 65536
		for i := 0; i < row && free; i++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+i))
			if free = err == nil; free {
				must(t, l.Close())
			}
		}
		if free {
			return port
		}
	}
	t.Fatal("no ports are free")
	return 0
}

// prologue ends what the commands have started when one of them fails.
const prologue = `set -euo pipefail
trap 'kill $(jobs -p) 2>/dev/null || true; wait; deploy/kafka/local.sh down' EXIT
set -x
`

// TestTheWalkThroughWorks runs every command of the walk-through of the document
// in the project's folder, as a new user would. What others may use at the same
// time is told by variables: ports, and where Kafka keeps its data. It takes eight
// minutes, most of them in wait of the next decision: without DROVER_LONG=1 the
// commands are read only.
func TestTheWalkThroughWorks(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: -short")
	}
	root, err := module.Root()
	must(t, err)
	blocks := commands(t, filepath.Join(root, "docs", "kubernetes.md"), "From nothing to the first executed plan")
	if len(blocks) < 5 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	if os.Getenv("DROVER_LONG") != "1" {
		check := exec.Command("bash", "-n")
		check.Stdin = strings.NewReader(prologue + strings.Join(blocks, ""))
		if said, err := check.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return
	}
	leaveOutWithout(t, "kubectl", "java", "mvn", "redis-server", "bash")
	trial := filepath.Join(root, "trial")
	if _, err := os.Stat(trial); err == nil {
		t.Fatalf("%s is there already: somebody tries things out, or a trial was cut short", trial)
	}
	t.Cleanup(func() { must(t, os.RemoveAll(trial)) })
	// 20 minutes are much: the commands take eight on a quiet machine, most of them in
	// wait of the next decision.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", prologue+strings.Join(blocks, ""))
	cmd.Dir = root
	kafka := freePorts(t, 3)
	cmd.Env = append(os.Environ(), "DROVER_KAFKA_RUN="+filepath.Join(t.TempDir(), "run"), fmt.Sprintf("DROVER_KAFKA_PORT=%d", kafka),
		fmt.Sprintf("DROVER_REDIS_PORT=%d", freePorts(t, 1)), fmt.Sprintf("DROVER_SERVER=http://127.0.0.1:%d", freePorts(t, 1)))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		for _, log := range []string{"ingest", "forecaster", "planner", "executor", "web"} {
			text, _ := os.ReadFile(filepath.Join(trial, log+".log"))
			t.Logf("%s.log: %s", log, text[max(0, len(text)-3000):])
		}
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "succeeded") {
		t.Error("no plan has succeeded")
	}
}

// leaveOutWithout leaves a test out where a program, or the control plane, is
// missing, unless everything is demanded.
func leaveOutWithout(t *testing.T, names ...string) {
	t.Helper()
	var missing []string
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	if _, err := programs.Find(); errors.Is(err, programs.ErrNotBuilt) {
		missing = append(missing, err.Error())
	}
	leaveout.Missing(t, missing...)
}
