package qemu

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/process"
	"drover/internal/model"
)

// played answers QMP as a QEMU in a given state would.
type played struct {
	mu       sync.Mutex
	state    string
	progress progress
	commands []string
	// after is what a migration that is begun looks like from then on.
	after func(*played)
}

// listen plays at a socket until the test ends.
func (q *played) listen(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "qmp")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go q.serve(conn)
		}
	}()
	return "unix:" + path
}

func (q *played) serve(conn net.Conn) {
	defer conn.Close()
	fmt.Fprintln(conn, `{"QMP":{"version":{}}}`)
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		var request struct{ Execute string }
		if json.Unmarshal(lines.Bytes(), &request) != nil {
			return
		}
		fmt.Fprintln(conn, `{"event":"SOMETHING","data":{}}`)
		text, err := json.Marshal(map[string]any{"return": q.answer(request.Execute)})
		if err != nil {
			return
		}
		fmt.Fprintf(conn, "%s\n", text)
	}
}

func (q *played) answer(command string) any {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.commands = append(q.commands, command)
	switch command {
	case "query-status":
		return map[string]any{"status": q.state}
	case "query-migrate":
		return q.progress
	case "migrate":
		q.after(q)
	case "migrate_cancel":
		q.progress.Status = migrationCancelled
	case "cont":
		q.state = runRunning
	}
	return map[string]any{}
}

func (q *played) gave(command string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range q.commands {
		if c == command {
			return true
		}
	}
	return false
}

// driverOf returns a driver between two played QEMUs.
func driverOf(t *testing.T, from, to *played) *Driver {
	t.Helper()
	places := map[model.ServerID]Place{
		"a": {Spec: process.Spec{Name: "guest@a", Argv: []string{"false"}}, QMP: from.listen(t), Incoming: "tcp:192.0.2.1:1"},
		"b": {Spec: process.Spec{Name: "guest@b", Argv: []string{"false"}}, QMP: to.listen(t), Incoming: "tcp:192.0.2.2:1"},
	}
	return New(Config{Stuck: 150 * time.Millisecond, Supervisor: &process.Supervisor{State: t.TempDir(), Grace: time.Second},
		Locate: func(_ model.Move, server model.ServerID) (Place, error) {
			p, ok := places[server]
			if !ok {
				return p, errors.New("no such server")
			}
			return p, nil
		}})
}

func perform(t *testing.T, d *Driver, kind model.StepKind) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return d.Perform(ctx, actuator.Command{Step: model.Step{Kind: kind}, Move: model.Move{Replica: "guest/0", From: "a", To: "b"}})
}

func TestAMigrationThatSucceeds(t *testing.T) {
	to := &played{state: runWaiting}
	from := &played{state: runRunning, after: func(q *played) {
		q.state, q.progress.Status = runMigrated, migrationCompleted
		to.mu.Lock()
		to.state = runRunning
		to.mu.Unlock()
	}}
	d := driverOf(t, from, to)
	for _, kind := range []model.StepKind{model.StepAdmit, model.StepProvision, model.StepCutOver, model.StepCutOver, model.StepWatch, model.StepRetire} {
		if err := perform(t, d, kind); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	if from.gave("cont") || !from.gave("migrate-set-parameters") || !to.gave("migrate-incoming") {
		t.Errorf("source %v, target %v", from.commands, to.commands)
	}
	if err := perform(t, d, model.StepDeprovision); err == nil || !strings.Contains(err.Error(), "has the guest") {
		t.Errorf("the QEMU that has the guest is stopped: %v", err)
	}
}

func TestAMigrationThatFailsLeavesTheGuest(t *testing.T) {
	for name, c := range map[string]struct {
		after func(*played)
		want  string
	}{
		"stuck": {func(q *played) {
			q.progress = progress{Status: migrationActive}
			q.progress.RAM.Remaining, q.progress.RAM.Rounds = 1000, 7
		}, "no headway"},
		"failed": {func(q *played) { q.state, q.progress = runPaused, progress{Status: migrationFailed, Error: "no route"} }, "no route"},
	} {
		from, to := &played{state: runRunning, after: c.after}, &played{state: runWaiting}
		d := driverOf(t, from, to)
		if err := perform(t, d, model.StepCutOver); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err := perform(t, d, model.StepReverseCutOver); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if from.state != runRunning {
			t.Errorf("%s: the source is %s", name, from.state)
		}
	}
}

func TestAGuestIsNeverContinuedInTheDark(t *testing.T) {
	from := &played{state: runMigrated, progress: progress{Status: migrationCompleted}}
	to := &played{state: "guest-panicked"}
	d := driverOf(t, from, to)
	for _, kind := range []model.StepKind{model.StepReverseCutOver, model.StepCutOver, model.StepRetire} {
		if err := perform(t, d, kind); err == nil {
			t.Errorf("%s is done", kind)
		}
	}
	if from.gave("cont") {
		t.Error("the source goes on with a guest that has gone")
	}
}

func TestAGuestThatHasGoneIsMissedAtOnce(t *testing.T) {
	for _, state := range []string{runWaiting, runMigrated} {
		d := driverOf(t, &played{state: runMigrated}, &played{state: state})
		if err := perform(t, d, model.StepWatch); err == nil || !strings.Contains(err.Error(), "isn't there") || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", state, err)
		}
	}
}

func TestWhatCanNotBeDone(t *testing.T) {
	d := driverOf(t, &played{state: runPaused}, &played{state: runWaiting})
	if err := perform(t, d, model.StepAdmit); err == nil || !strings.Contains(err.Error(), runPaused) {
		t.Errorf("a paused guest is admitted: %v", err)
	}
	if err := perform(t, d, "no-such-step"); !errors.Is(err, actuator.ErrUnsupported) {
		t.Errorf("a step that there isn't: %v", err)
	}
	if _, err := open(t.Context(), "unix:/no/such/socket"); !absent(err) {
		t.Errorf("nobody there: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if conn, err := l.Accept(); err == nil {
			fmt.Fprintln(conn, "220 mail.example ESMTP")
		}
	}()
	if _, err := open(t.Context(), l.Addr().String()); err == nil || !strings.Contains(err.Error(), "isn't QEMU") {
		t.Errorf("a mail server is taken for QEMU: %v", err)
	}
}
