package servers

import (
	"io"
	"net"
	"testing"
	"time"
)

// echo answers every line with itself.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	return l.Addr().String()
}

// ask sends a line and returns the answer, or the error.
func ask(c net.Conn, patience time.Duration) (string, error) {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := c.Write([]byte("hello\n")); err != nil {
		return "", err
	}
	return answer(c)
}

// answer reads one line's answer and not a byte more.
func answer(c net.Conn) (string, error) {
	line := make([]byte, len("hello\n"))
	n, err := io.ReadFull(c, line)
	return string(line[:n]), err
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestProxy(t *testing.T) {
	p := NewProxy(t, "127.0.0.1:0", echo(t))
	c := dial(t, p)
	if got, err := ask(c, 10*time.Second); err != nil || got != "hello\n" {
		t.Fatalf("got %q, %v", got, err)
	}
	p.Silence()
	if got, err := ask(c, 200*time.Millisecond); err == nil {
		t.Errorf("%q came through a silent proxy", got)
	}
	p.Restore()
	// What was said into the silence is answered too: both answers are read,
	// or the second would still be there after the cut.
	if got, err := ask(c, 10*time.Second); err != nil || got != "hello\n" {
		t.Errorf("after silence: %q, %v", got, err)
	}
	if got, err := answer(c); err != nil || got != "hello\n" {
		t.Errorf("held back by the silence: %q, %v", got, err)
	}
	p.Cut()
	if got, err := ask(c, 10*time.Second); err == nil {
		t.Errorf("%q came over a connection that was cut", got)
	}
	if got, err := ask(dial(t, p), 10*time.Second); err == nil {
		t.Errorf("%q came over a new connection while all are cut", got)
	}
	p.Restore()
	if got, err := ask(dial(t, p), 10*time.Second); err != nil || got != "hello\n" {
		t.Errorf("after the cut: %q, %v", got, err)
	}
}
