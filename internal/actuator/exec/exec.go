// Package exec asks a driver that is a program: it is started for every request,
// reads the request from standard input and writes the response to standard
// output. What it writes to standard error is kept for messages.
//
// A program is not there between requests, so it can't tell whether an earlier
// command still runs unless it keeps that somewhere itself.
package exec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"drover/internal/actuator/protocol"
)

// maxKept bounds what is kept of a program's output, in bytes.
const maxKept = 1 << 20

// Program is a driver's program.
type Program struct {
	Argv []string
	Dir  string
	Env  []string // nil: ours
}

// New returns the driver.
func New(p Program) *protocol.Client { return protocol.NewClient(p) }

// Call runs the program for one request. When the context ends, the program and
// its children are killed.
func (p Program) Call(ctx context.Context, r protocol.Request) (protocol.Response, error) {
	var response protocol.Response
	if len(p.Argv) == 0 {
		return response, errors.New("exec driver: no program")
	}
	request, err := json.Marshal(r)
	if err != nil {
		return response, fmt.Errorf("exec driver: %w", err)
	}
	cmd := exec.CommandContext(ctx, p.Argv[0], p.Argv[1:]...)
	cmd.Dir, cmd.Env = p.Dir, p.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	cmd.Stdin = bytes.NewReader(append(request, '\n'))
	answer, said := &limited{}, &limited{}
	cmd.Stdout, cmd.Stderr = answer, said
	ran := cmd.Run()
	if ctx.Err() != nil {
		return response, context.Cause(ctx)
	}
	if err := json.Unmarshal(answer.Bytes(), &response); err != nil {
		return response, fmt.Errorf("exec driver %s: its answer isn't JSON: %w", p.Argv[0], errors.Join(err, ran, said.asError()))
	}
	return response, nil
}

// limited keeps the beginning of what is written to it.
type limited struct{ bytes.Buffer }

// Write keeps what there is room for and takes everything.
func (l *limited) Write(b []byte) (int, error) {
	if room := maxKept - l.Len(); room > 0 {
		l.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

// asError returns what was said as an error, nil for nothing.
func (l *limited) asError() error {
	if l.Len() == 0 {
		return nil
	}
	return errors.New(string(bytes.TrimSpace(l.Bytes())))
}
