package pipeline

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// build compiles the programs once for all tests. Without a revision they name
// the version that the tests name: it stands in what is decided.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "drover-programs-")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", dir, "drover/cmd/...")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", &buildError{err, string(out)}
	}
	return dir, nil
})

type buildError struct {
	err    error
	output string
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + e.output }

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := build(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// program returns the path of a compiled program.
func program(t *testing.T, name string) string {
	t.Helper()
	dir, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// data returns a folder of the recorded data, or skips the test.
func data(t *testing.T, parts ...string) string {
	t.Helper()
	root := os.Getenv("DROVER_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(append([]string{root}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no recorded data at %s (set DROVER_DATA)", path)
	}
	return path
}

// run runs a program to its end and returns what it wrote on standard output.
func run(t *testing.T, limit time.Duration, name string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, name), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, stderr.Bytes())
	}
	return stdout.Bytes()
}

// process is a program that runs beside the test.
type process struct {
	t    *testing.T
	name string
	args []string
	cmd  *exec.Cmd
	// ended is closed when the process has.
	ended chan struct{}
	err   error
	logs  bytes.Buffer
}

// start starts a program; the test's end ends it.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, args: args}
	p.begin()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.logs.Bytes())
		}
	})
	return p
}

func (p *process) begin() {
	p.t.Helper()
	p.cmd = exec.Command(program(p.t, p.name), p.args...)
	p.cmd.Stdout, p.cmd.Stderr = &p.logs, &p.logs
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		p.err = cmd.Wait()
		close(ended)
	}(p.cmd, p.ended)
}

// alive tells whether the process still runs.
func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill ends the process without warning.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.ended
}

// restart kills the process and starts it again.
func (p *process) restart() {
	p.t.Helper()
	p.kill()
	p.begin()
}
