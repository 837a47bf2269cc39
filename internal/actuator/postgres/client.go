package postgres

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Client speaks enough of PostgreSQL's protocol (version 3, simple queries,
// trust, clear-text and SCRAM-SHA-256 passwords) for the hand-over. It isn't
// safe for concurrent use.
type Client struct {
	conn    net.Conn
	reader  *bufio.Reader
	timeout time.Duration
}

// maxMessage bounds one message of the server.
const maxMessage = 16 << 20

// Login says who connects to what.
type Login struct{ User, Password, Database string }

// Dial connects. timeout bounds the connection and each query.
func Dial(ctx context.Context, address string, login Login, timeout time.Duration) (*Client, error) {
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	c := &Client{conn: conn, reader: bufio.NewReader(conn), timeout: timeout}
	if err := c.startUp(ctx, login); err != nil {
		conn.Close()
		return nil, fmt.Errorf("postgres %s: %w", address, err)
	}
	return c, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Query runs one statement or several, and returns the first column of the last
// row; "" for none and for NULL.
func (c *Client) Query(ctx context.Context, sql string) (string, error) {
	if err := c.arm(ctx); err != nil {
		return "", err
	}
	if err := c.send('Q', append([]byte(sql), 0)); err != nil {
		return "", fmt.Errorf("postgres %s: %w", c.conn.RemoteAddr(), err)
	}
	value, err := c.result()
	if err != nil {
		return "", fmt.Errorf("postgres %s: %s: %w", c.conn.RemoteAddr(), firstWords(sql), err)
	}
	return value, nil
}

// result reads up to the server's readiness for the next query.
func (c *Client) result() (value string, failed error) {
	for {
		kind, body, err := c.receive()
		if err != nil {
			return "", errors.Join(failed, err)
		}
		switch kind {
		case 'D':
			value, err = firstColumn(body)
			failed = errors.Join(failed, err)
		case 'E':
			failed = errors.Join(failed, serverError(body))
		case 'Z':
			return value, failed
		}
	}
}

// arm sets the connection's deadline from the context and the timeout.
func (c *Client) arm(ctx context.Context) error {
	deadline := time.Now().Add(c.timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return c.conn.SetDeadline(deadline)
}

// send writes a message; kind 0 is the start-up message, which has none.
func (c *Client) send(kind byte, body []byte) error {
	var b []byte
	if kind != 0 {
		b = append(b, kind)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)+4))
	_, err := c.conn.Write(append(b, body...))
	return err
}

func (c *Client) receive() (kind byte, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(c.reader, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n < 4 || n > maxMessage {
		return 0, nil, fmt.Errorf("message of %d bytes", n)
	}
	body = make([]byte, n-4)
	_, err = io.ReadFull(c.reader, body)
	return head[0], body, err
}

// firstColumn reads the first value of a data row.
func firstColumn(body []byte) (string, error) {
	if len(body) < 2 || binary.BigEndian.Uint16(body) == 0 {
		return "", nil
	}
	if len(body) < 6 {
		return "", errors.New("short row")
	}
	n := int32(binary.BigEndian.Uint32(body[2:]))
	if n < 0 {
		return "", nil
	}
	if int(n) > len(body)-6 {
		return "", errors.New("short row")
	}
	return string(body[6 : 6+n]), nil
}

// serverError reads an error message: fields of a letter and a text each.
func serverError(body []byte) error {
	var severity, code, message string
	for field := range strings.SplitSeq(string(body), "\x00") {
		if field == "" {
			break
		}
		switch field[0] {
		case 'S':
			severity = field[1:]
		case 'C':
			code = field[1:]
		case 'M':
			message = field[1:]
		}
	}
	return fmt.Errorf("%s %s: %s", severity, code, message)
}

// firstWords cuts a statement for messages.
func firstWords(sql string) string {
	const most = 60
	if len(sql) > most {
		return sql[:most] + "..."
	}
	return sql
}
