package redis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Client speaks enough of Redis' protocol (RESP2) for the hand-over. It isn't
// safe for concurrent use.
type Client struct {
	conn    net.Conn
	reader  *bufio.Reader
	timeout time.Duration
}

// maxReply bounds one bulk reply.
const maxReply = 1 << 20

// Dial connects and logs in where a password is given. timeout bounds the
// connection and each command.
func Dial(ctx context.Context, address, password string, timeout time.Duration) (*Client, error) {
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	c := &Client{conn: conn, reader: bufio.NewReader(conn), timeout: timeout}
	if password != "" {
		if _, err := c.Do(ctx, "AUTH", password); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return c, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Do sends a command and returns its reply as text: a status, a number or a bulk
// string; "" for nil.
func (c *Client) Do(ctx context.Context, args ...string) (string, error) {
	deadline := time.Now().Add(c.timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := context.Cause(ctx); err != nil {
		return "", err
	}
	if err := c.conn.SetDeadline(deadline); err != nil {
		return "", fmt.Errorf("redis %s: %w", c.conn.RemoteAddr(), err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(c.conn, b.String()); err != nil {
		return "", fmt.Errorf("redis %s: %s: %w", c.conn.RemoteAddr(), args[0], err)
	}
	reply, err := c.reply()
	if err != nil {
		return "", fmt.Errorf("redis %s: %s: %w", c.conn.RemoteAddr(), args[0], err)
	}
	return reply, nil
}

// reply reads one reply; lists aren't needed by anything here.
func (c *Client) reply() (string, error) {
	line, err := c.reader.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", errors.New("empty reply")
	}
	switch kind, rest := line[0], line[1:]; kind {
	case '+', ':':
		return rest, nil
	case '-':
		return "", errors.New(rest)
	case '$':
		n, err := strconv.Atoi(rest)
		if err != nil || n > maxReply {
			return "", fmt.Errorf("bulk reply of length %q", rest)
		}
		if n < 0 {
			return "", nil
		}
		b := make([]byte, n+2)
		if _, err := io.ReadFull(c.reader, b); err != nil {
			return "", err
		}
		return string(b[:n]), nil
	}
	return "", fmt.Errorf("reply %q", line)
}
