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

	"drover/tests/child"
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

// start starts a program; the test's end ends it.
func start(t *testing.T, name string, args ...string) *child.Process {
	t.Helper()
	path := program(t, name)
	return child.Start(t, name, func() *exec.Cmd { return exec.Command(path, args...) })
}
