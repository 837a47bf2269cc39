package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program compiles drover once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "drover-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "drover")
	if out, err := exec.Command("go", "build", "-o", path, "drover/cmd/drover").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// up starts `drover up` and returns its address; it is ended with the test.
func up(t testing.TB, args ...string) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, append([]string{"up", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	address := ""
	for address == "" && lines.Scan() {
		if _, at, ok := strings.Cut(lines.Text(), "page at "); ok {
			address = strings.TrimSuffix(at, "/")
		}
	}
	done := make(chan struct{})
	go func() {
		for lines.Scan() {
			t.Log(lines.Text())
		}
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		_ = cmd.Wait() // it was told to end
	})
	if address == "" {
		t.Fatalf("drover up says no address:\n%s", stderr.String())
	}
	return address
}
