package qemu

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// monitor is a QMP connection: one command after the other.
type monitor struct {
	conn   net.Conn
	reader *bufio.Reader
}

// answerTimeout bounds one command where the context has no nearer end.
const answerTimeout = 10 * time.Second

// maxLine bounds one line of QMP, in bytes.
const maxLine = 1 << 20

// qmpError is QEMU's own answer that something can't be done.
type qmpError struct {
	Class string `json:"class"`
	Text  string `json:"desc"`
}

func (e *qmpError) Error() string { return e.Text }

// open connects with a monitor at "unix:/path" or "host:port".
func open(ctx context.Context, address string) (*monitor, error) {
	network, path := "tcp", address
	if rest, ok := strings.CutPrefix(address, "unix:"); ok {
		network, path = "unix", rest
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, path)
	if err != nil {
		return nil, fmt.Errorf("QMP at %s: %w", address, err)
	}
	m := &monitor{conn: conn, reader: bufio.NewReaderSize(conn, maxLine)}
	if err := m.greet(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("QMP at %s: %w", address, err), conn.Close())
	}
	return m, nil
}

// greet reads the greeting and leaves the mode in which nothing is allowed.
func (m *monitor) greet(ctx context.Context) error {
	m.bound(ctx)
	line, err := m.line()
	if err != nil {
		return err
	}
	var greeting struct {
		QMP json.RawMessage `json:"QMP"`
	}
	if json.Unmarshal(line, &greeting) != nil || greeting.QMP == nil {
		return fmt.Errorf("what answers isn't QEMU: %.80q", line)
	}
	return m.execute(ctx, "qmp_capabilities", nil, nil)
}

func (m *monitor) bound(ctx context.Context) {
	until := time.Now().Add(answerTimeout)
	if d, ok := ctx.Deadline(); ok && d.Before(until) {
		until = d
	}
	_ = m.conn.SetDeadline(until) // a connection without one is found dead by the read
}

func (m *monitor) line() ([]byte, error) {
	line, err := m.reader.ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return line, nil
}

// execute gives a command and reads its answer into result, which may be nil.
// Events in between are left out.
func (m *monitor) execute(ctx context.Context, command string, arguments, result any) error {
	m.bound(ctx)
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	text, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	if _, err := m.conn.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	for {
		line, err := m.line()
		if err != nil {
			return fmt.Errorf("%s: %w", command, err)
		}
		var answer struct {
			Return json.RawMessage `json:"return"`
			Error  *qmpError       `json:"error"`
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			return fmt.Errorf("%s: %w", command, err)
		}
		switch {
		case answer.Error != nil:
			return fmt.Errorf("%s: %w", command, answer.Error)
		case answer.Return == nil:
		case result == nil:
			return nil
		default:
			if err := json.Unmarshal(answer.Return, result); err != nil {
				return fmt.Errorf("%s: %w", command, err)
			}
			return nil
		}
	}
}

// close ends the connection; QEMU goes on.
func (m *monitor) close() { _ = m.conn.Close() }

// ask opens a monitor, gives one command and closes it.
func ask(ctx context.Context, address, command string, arguments, result any) error {
	m, err := open(ctx, address)
	if err != nil {
		return err
	}
	defer m.close()
	return m.execute(ctx, command, arguments, result)
}
