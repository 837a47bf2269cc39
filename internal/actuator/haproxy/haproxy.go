// Package haproxy steers traffic through HAProxy's runtime socket ("stats
// socket ... level admin"). Tried on HAProxy 2.6.
//
// The state it sets lives in HAProxy's memory: a restart of HAProxy goes back to
// its configuration unless that loads a server-state file.
package haproxy

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"drover/internal/actuator"
)

// Proxy is one HAProxy. Address is "unix:/path" or "host:port" of its runtime
// socket. It may be used concurrently; each order is a connection of its own.
type Proxy struct {
	Address string
	// Timeout bounds one order; 0 means two seconds.
	Timeout time.Duration
}

var _ actuator.Traffic = (*Proxy)(nil)

// State reads a server's row of "show stat".
func (p *Proxy) State(ctx context.Context, r actuator.Route) (actuator.RouteState, error) {
	text, err := p.order(ctx, "show stat")
	if err != nil {
		return actuator.RouteState{}, err
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "# "))).ReadAll()
	if err != nil || len(rows) == 0 {
		return actuator.RouteState{}, fmt.Errorf("haproxy %s: show stat: %w", p.Address, err)
	}
	column := make(map[string]int, len(rows[0]))
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, row := range rows[1:] {
		if row[column["pxname"]] == r.Backend && row[column["svname"]] == r.Server {
			return stateOf(func(name string) string { return row[column[name]] }), nil
		}
	}
	return actuator.RouteState{}, fmt.Errorf("haproxy %s has no server %s/%s: add it to the backend, disabled", p.Address, r.Backend, r.Server)
}

// stateOf reads what is needed of a row; columns that are empty count as zero.
func stateOf(field func(string) string) actuator.RouteState {
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(field(name), 10, 64)
		return n
	}
	status := field("status")
	s := actuator.RouteState{
		Admission: actuator.Open,
		Sessions:  int(number("scur")),
		Requests:  number("stot"),
		// Responses that failed and connections that couldn't be made.
		Errors:         number("eresp") + number("econ") + number("hrsp_5xx"),
		ResponseMicros: number("ttime") * 1000,
		Healthy:        strings.HasPrefix(status, "UP") || status == "no check" || strings.HasPrefix(status, "DRAIN"),
	}
	switch {
	case strings.HasPrefix(status, "MAINT"):
		s.Admission = actuator.Closed
	case strings.HasPrefix(status, "DRAIN"):
		s.Admission = actuator.Draining
	}
	if w := number("uweight"); w > 0 {
		s.WeightPPM = w * 10_000
	}
	return s
}

// Admit sets a server's state.
func (p *Proxy) Admit(ctx context.Context, r actuator.Route, a actuator.Admission) error {
	return p.quiet(ctx, fmt.Sprintf("set server %s/%s state %s", r.Backend, r.Server, a))
}

// Weight sets a server's weight, of a configured weight of 100, to the share
// rounded up, so that a share above zero gets something.
func (p *Proxy) Weight(ctx context.Context, r actuator.Route, ppm int64) error {
	return p.quiet(ctx, fmt.Sprintf("set server %s/%s weight %d", r.Backend, r.Server, (ppm+9_999)/10_000))
}

// Cut ends the server's sessions.
func (p *Proxy) Cut(ctx context.Context, r actuator.Route) error {
	return p.quiet(ctx, fmt.Sprintf("shutdown sessions server %s/%s", r.Backend, r.Server))
}

// quiet gives an order that answers nothing when it succeeds.
func (p *Proxy) quiet(ctx context.Context, order string) error {
	answer, err := p.order(ctx, order)
	if err != nil {
		return err
	}
	if answer = strings.TrimSpace(answer); answer != "" {
		return fmt.Errorf("haproxy %s: %s: %s", p.Address, order, answer)
	}
	return nil
}

// order sends one line and returns all of the answer.
func (p *Proxy) order(ctx context.Context, line string) (string, error) {
	network, address := "tcp", p.Address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		network, address = "unix", path
	}
	timeout := p.Timeout
	if timeout <= 0 {
		timeout = 2 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return "", fmt.Errorf("haproxy: %w", err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
		return "", fmt.Errorf("haproxy %s: %w", p.Address, err)
	}
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		return "", fmt.Errorf("haproxy %s: %w", p.Address, err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return "", fmt.Errorf("haproxy %s: %s: %w", p.Address, line, err)
	}
	return string(answer), nil
}
