package topics

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"drover/tests/embedded"
)

// apply runs `topics apply`.
func apply(ctx context.Context, args ...string) (string, error) {
	c := Command()
	var out bytes.Buffer
	c.SilenceUsage, c.SilenceErrors = true, true
	c.SetOut(&out)
	c.SetErr(&bytes.Buffer{})
	c.SetArgs(append([]string{"apply"}, args...))
	err := c.ExecuteContext(ctx)
	return out.String(), err
}

// TestApplyWaitsForABrokerThatHasYetToStart: containers of one file start at once.
// Whoever comes first is turned away; then the broker is there.
func TestApplyWaitsForABrokerThatHasYetToStart(t *testing.T) {
	broker := strings.Join(embedded.Broker(t).Brokers(), "")
	place, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	go func() {
		for turnedAway := false; ; turnedAway = true {
			c, err := place.Accept()
			if err != nil {
				return
			}
			if !turnedAway {
				c.Close()
				continue
			}
			go forward(c, broker)
		}
	}()
	out, err := apply(t.Context(), "--brokers", place.Addr().String(), "--wait", "5m")
	if err != nil || strings.Count(out, ": create") < 10 {
		t.Errorf("%v, %s", err, out)
	}
}

// forward connects a connection with an address.
func forward(c net.Conn, address string) {
	defer c.Close()
	to, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		_, _ = io.Copy(to, c) // either side may end it
		to.Close()
	}()
	_, _ = io.Copy(c, to)
}

// TestApplyGivesUp says what it waited for.
func TestApplyGivesUp(t *testing.T) {
	_, err := apply(t.Context(), "--brokers", "127.0.0.1:1", "--wait", "300ms")
	if err == nil || !strings.Contains(err.Error(), "no broker answered within 300ms") || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("%v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := apply(ended, "--brokers", "127.0.0.1:1", "--wait", (24 * time.Hour).String()); err == nil {
		t.Error("it waits though it was told to end")
	}
}
