// Package child runs programs beside a test: it keeps what they say, kills and
// restarts them, and ends them with the test.
package child

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"
)

// Process is a program that runs beside a test.
type Process struct {
	Name string

	t     testing.TB
	make  func() *exec.Cmd
	cmd   *exec.Cmd
	said  Output
	ended chan struct{} // closed when it has ended
	err   error         // what it ended with
}

// Start starts what make makes; it is asked again for each restart. The test's end
// kills the process and, where the test has failed, tells what it said.
func Start(t testing.TB, name string, make func() *exec.Cmd) *Process {
	t.Helper()
	p := &Process{Name: name, t: t, make: make}
	p.Begin()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.Said())
		}
	})
	return p
}

// Begin starts the process, which has ended.
func (p *Process) Begin() {
	p.t.Helper()
	cmd, ended := p.make(), make(chan struct{})
	cmd.Stdout, cmd.Stderr = &p.said, &p.said
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.cmd, p.ended = cmd, ended
	go func() {
		p.err = cmd.Wait()
		close(ended)
	}()
}

// Kill ends the process without warning.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.ended
}

// Restart kills the process and starts it again.
func (p *Process) Restart() {
	p.t.Helper()
	p.Kill()
	p.Begin()
}

// Signal sends a signal.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Alive tells whether the process still runs.
func (p *Process) Alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Err is what the process ended with, once it has.
func (p *Process) Err() error {
	<-p.ended
	return p.err
}

// Said returns everything that was written, by all lives of the process.
func (p *Process) Said() string { return p.said.String() }

var listens = regexp.MustCompile(`listen=(127\.0\.0\.1:\d+)`)

// Address waits until the program, one of Drover's services, says where it listens.
func (p *Process) Address() string {
	p.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if lives := listens.FindAllStringSubmatch(p.Said(), -1); lives != nil {
			return lives[len(lives)-1][1]
		}
		if !p.Alive() {
			p.t.Fatalf("%s ended: %v", p.Name, p.err)
		}
	}
	p.t.Fatalf("%s does not listen", p.Name)
	return ""
}

// Get returns a page of the program.
func (p *Process) Get(path string) string {
	p.t.Helper()
	resp, err := http.Get("http://" + p.Address() + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(body)
}

// FreeAddress returns a loopback address that nothing listens on.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Output gathers what is written to it while others read it.
type Output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

// String returns everything so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
