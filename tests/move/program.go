package move

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"drover/internal/actuator"
	"drover/internal/actuator/exec"
	"drover/internal/actuator/protocol"
	"drover/internal/model"
	"drover/tests/module"
)

// pointsProgram runs the sample driver and stops at its acts.
//
//go:embed testdata/points.py
var pointsProgram []byte

// ProgramSite is a folder that writers append to, moved by the sample driver in
// Python.
type ProgramSite struct {
	*Site
	driver, points string // programs
	number         atomic.Int64

	mu    sync.Mutex
	under map[int64]context.CancelFunc // programs under way
}

// NewProgramSite makes the folder on server a.
func NewProgramSite(context.Context) (*ProgramSite, error) {
	site, err := NewSite()
	if err != nil {
		return nil, err
	}
	s := &ProgramSite{Site: site, points: filepath.Join(site.Folder, "points.py"), under: map[int64]context.CancelFunc{}}
	root, err := module.Root()
	if err != nil {
		return s, err
	}
	s.driver = filepath.Join(root, "deploy", "drivers", "folder.py")
	first := filepath.Join(s.Folder, "a", "db@0")
	return s, errors.Join(os.WriteFile(s.points, pointsProgram, 0o600), os.MkdirAll(first, 0o755), os.Symlink(first, s.current()))
}

func (s *ProgramSite) current() string { return filepath.Join(s.Folder, "db@0.current") }

// Driver returns the sample driver, whose acts are points.
func (s *ProgramSite) Driver(trace actuator.Tracer) actuator.Driver {
	return sample{exec.New(exec.Program{Argv: s.argv()}), s, trace}
}

// argv is the sample driver as a user runs it.
func (s *ProgramSite) argv() []string { return []string{"python3", s.driver, s.Folder} }

// sample is the sample driver with its acts as points.
type sample struct {
	*protocol.Client
	site  *ProgramSite
	trace actuator.Tracer
}

// act is something that a program is about to do.
type act struct {
	name string
	conn net.Conn
}

// Perform runs the program, and kills it where the tracer doesn't return.
func (d sample) Perform(ctx context.Context, c actuator.Command) error {
	if d.trace == nil {
		return d.Client.Perform(ctx, c)
	}
	n := d.site.number.Add(1)
	path := filepath.Join(d.site.Folder, "points-"+strconv.FormatInt(n, 10))
	listener, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("points: %w", err)
	}
	defer listener.Close()
	ctx, kill := context.WithCancel(ctx)
	defer kill()
	d.site.begin(n, kill)
	defer d.site.begin(n, nil)
	d.trace.At("begin")
	argv := append([]string{"python3", "-I", "-S", d.site.points, path}, d.site.argv()[1:]...)
	ended := make(chan error, 1)
	go func() { ended <- exec.New(exec.Program{Argv: argv}).Perform(ctx, c) }()
	acts := make(chan act)
	go asked(ctx, listener, acts)
	for {
		select {
		case a := <-acts:
			d.trace.At(a.name)
			if _, err := a.conn.Write([]byte{1}); err != nil {
				return errors.Join(err, <-ended)
			}
		case err := <-ended:
			if err == nil {
				d.trace.At("end")
			}
			return err
		}
	}
}

// asked tells of the acts of the program that connects.
func asked(ctx context.Context, listener net.Listener, acts chan<- act) {
	conn, err := listener.Accept()
	if err != nil {
		return // it has ended before
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() }) // nobody lets it go on then
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		select {
		case acts <- act{lines.Text(), conn}:
		case <-ctx.Done():
			return
		}
	}
}

// begin notes what ends a program; nil: it has ended.
func (s *ProgramSite) begin(n int64, kill context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.under[n] = kill; kill == nil {
		delete(s.under, n)
	}
}

// KillTarget kills the programs under way.
func (s *ProgramSite) KillTarget(model.Move) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kill := range s.under {
		kill()
	}
}

// Dial returns a writer.
func (s *ProgramSite) Dial(context.Context) (Session, error) {
	lock, err := os.OpenFile(filepath.Join(s.Folder, "db@0.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	return folderSession{s, lock}, err
}

// folderSession appends a line a write, under a shared lock.
type folderSession struct {
	site *ProgramSite
	lock *os.File
}

// Write appends to the folder that is served.
func (s folderSession) Write(_ context.Context, writer, number int) error {
	if err := syscall.Flock(int(s.lock.Fd()), syscall.LOCK_SH); err != nil {
		return err
	}
	defer func() { _ = syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN) }()
	file, err := os.OpenFile(filepath.Join(s.site.current(), "written"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%d-%d\n", writer, number)
	return errors.Join(err, file.Close())
}

// Close closes the lock.
func (s folderSession) Close() error { return s.lock.Close() }

// Lost counts the acknowledged lines that aren't in the folder that is served.
func (s *ProgramSite) Lost(_ context.Context, acked [][]int) (int, error) {
	text, err := os.ReadFile(filepath.Join(s.current(), "written"))
	if err != nil {
		return 0, fmt.Errorf("written: %w", err)
	}
	there := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		there[strings.TrimSpace(line)] = true
	}
	return Lost(acked, func(w, n int) bool { return there[fmt.Sprintf("%d-%d", w, n)] }), nil
}

// Serving returns the server whose folder is served.
func (s *ProgramSite) Serving(context.Context) (model.ServerID, error) {
	at, err := os.Readlink(s.current())
	return model.ServerID(filepath.Base(filepath.Dir(at))), err
}
