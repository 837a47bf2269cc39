package security

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli/configuration"
	"drover/internal/cli/doctor"
	"drover/internal/cli/service"
	"drover/internal/cli/topics"
	"drover/internal/pipeline"
)

// programVariable tells this test's binary which of Drover's programs to be.
const programVariable = "DROVER_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch name := os.Getenv(programVariable); name {
	case "":
		os.Exit(m.Run())
	case "ingest":
		service.Main(service.IngestCommand())
	case pipeline.Forecaster, pipeline.Planner, pipeline.Executor:
		service.Main(service.Command(name, "", ""))
	case "drover":
		c := &cobra.Command{Use: "drover"}
		c.AddCommand(topics.Command(), configuration.Command(), doctor.Command())
		service.Main(c)
	}
}

// output gathers what processes write.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

// String returns everything so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// process is one of Drover's programs.
type process struct {
	name string
	said *output
	cmd  *exec.Cmd
	done chan struct{}
}

// command prepares a program; its environment is the given one and nothing else.
func command(t *testing.T, name string, environ []string, args ...string) (*exec.Cmd, *output) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said := &output{}
	cmd := exec.Command(binary, args...)
	cmd.Env = append([]string{programVariable + "=" + name, "HOME=" + t.TempDir()}, environ...)
	cmd.Stdout, cmd.Stderr = said, said
	return cmd, said
}

// run runs a program to its end.
func run(t *testing.T, name string, environ []string, args ...string) (string, error) {
	t.Helper()
	cmd, said := command(t, name, environ, args...)
	err := cmd.Run()
	return said.String(), err
}

// start starts a service, which the test ends.
func start(t *testing.T, name string, environ []string, args ...string) *process {
	t.Helper()
	p := &process{name: name, done: make(chan struct{})}
	p.cmd, p.said = command(t, name, environ, args...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // a killed process's error says no more than that
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.said)
		}
	})
	return p
}

var listens = regexp.MustCompile(`listen=(127\.0\.0\.1:\d+)`)

// address waits until the service listens and returns where.
func (p *process) address(t *testing.T) string {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if m := listens.FindStringSubmatch(p.said.String()); m != nil {
			return m[1]
		}
		select {
		case <-p.done:
			t.Fatalf("%s ended:\n%s", p.name, p.said)
		default:
		}
	}
	t.Fatalf("%s does not listen", p.name)
	return ""
}

// get returns a page of the service.
func (p *process) get(t *testing.T, path string) string {
	t.Helper()
	resp, err := http.Get("http://" + p.address(t) + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
