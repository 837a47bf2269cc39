package service

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stream"
	"drover/internal/web/access"
	"drover/tests/authority"
	"drover/tests/child"
	"drover/tests/embedded"
)

// startWeb runs the web service's command behind TLS until the test's end, over a
// fleet of one server, and returns its address.
func startWeb(t *testing.T, a *authority.Authority, rules string) string {
	t.Helper()
	s := &service{t: t}
	where := []string{"--brokers", strings.Join(embedded.Broker(t).Brokers(), ","), "--redis", embedded.Redis(t)}
	s.apply(where)
	r := s.open(where)
	p, err := stream.NewProducer(r.Connection)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(); _ = r.Close() })
	if err := p.Publish(t.Context(), stream.Servers, "shop", "s1", model.Server{Fleet: "shop", ID: "s1", At: 1}); err != nil {
		t.Fatal(err)
	}
	address := child.FreeAddress(t)
	id := a.Issue("web")
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	c := WebCommand()
	c.SetArgs(append(where, "--listen", address, "--log-level", "error", "--access", a.Write("access.yaml", []byte(rules)),
		"--web-tls-cert", id.Cert, "--web-tls-key", id.Key, "--web-client-ca", id.CA))
	go func() { done <- c.ExecuteContext(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the service ended with %v", err)
		}
	})
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return address
		}
		select {
		case err := <-done:
			t.Fatalf("the service ended with %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// caller asks over TLS as one client.
type caller struct {
	t       *testing.T
	address string
	client  http.Client
}

func callerWith(t *testing.T, address string, secure *tls.Config) *caller {
	c := &caller{t: t, address: address, client: http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: secure}}}
	t.Cleanup(c.client.CloseIdleConnections)
	return c
}

// do sends a request; an answer of status 0 is none at all.
func (c *caller) do(method, path, body string, headers ...string) (status int, text string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, "https://"+c.address+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(all)
}

// TestTheWebServiceKnowsItsCallersOverTLS lets people in by certificates and
// tokens over a real connection, and nobody else.
func TestTheWebServiceKnowsItsCallersOverTLS(t *testing.T) {
	a := authority.New(t)
	token, hash := access.NewToken()
	address := startWeb(t, a, fmt.Sprintf("tokens: [{name: alice, role: viewer, token_sha256: %s}]\ncertificates: [{common_name: night-shift, role: operator}]\n", hash))
	const me, pause = "/api/v1/me", "/api/v1/fleets/shop/pause"
	nobody := callerWith(t, address, a.Client())
	shift := callerWith(t, address, a.Client(a.Issue("night-shift")))
	other := callerWith(t, address, a.Client(a.Issue("day-shift")))

	for _, c := range []struct {
		who  *caller
		want int
		head []string
	}{
		{nobody, 401, nil}, {other, 401, nil}, {shift, 200, nil},
		{nobody, 200, []string{"Authorization", "Bearer " + token}}, {nobody, 401, []string{"Authorization", "Bearer " + hash}},
		{nobody, 401, []string{"X-Forwarded-For", "127.0.0.1"}},
	} {
		if status, text := c.who.do("GET", me, "", c.head...); status != c.want {
			t.Errorf("%v: %d %s, want %d", c.head, status, text, c.want)
		}
	}
	var who struct{ Name, Role, Means string }
	if _, text := shift.do("GET", me, ""); json.Unmarshal([]byte(text), &who) != nil || who.Name != "night-shift" || who.Role != "operator" || who.Means != "certificate" {
		t.Errorf("the shift is %s", text)
	}

	strange := a.Client(authority.New(t).Issue("night-shift")) // signed by somebody else
	if status, text := callerWith(t, address, strange).do("GET", me, ""); status != 0 {
		t.Errorf("a certificate of another authority: %d %s", status, text)
	}
	old := a.Client()
	old.MinVersion, old.MaxVersion = tls.VersionTLS11, tls.VersionTLS11
	if status, text := callerWith(t, address, old).do("GET", me, ""); status != 0 {
		t.Errorf("TLS 1.1: %d %s", status, text)
	}

	// The fleet is there once the topics have been read.
	for {
		if status, _ := shift.do("GET", "/api/v1/fleets/shop", ""); status == 200 {
			break
		}
		select {
		case <-t.Context().Done():
			t.Fatal("the fleet is not seen")
		case <-time.After(20 * time.Millisecond):
		}
	}
	ordering := []string{"Content-Type", "application/json"}
	if status, text := shift.do("POST", pause, "{}", ordering...); status != 403 || !strings.Contains(text, access.CSRFHeader) {
		t.Errorf("a browser with a certificate, led here by another site: %d %s", status, text)
	}
	if status, text := nobody.do("POST", pause, "{}", append(ordering, "Authorization", "Bearer "+token)...); status != 403 || !strings.Contains(text, "needs the role operator") {
		t.Errorf("a viewer's order: %d %s", status, text)
	}
	if status, text := shift.do("POST", pause, `{"comment":"over TLS"}`, append(ordering, access.CSRFHeader, "1")...); status != 202 {
		t.Errorf("an operator's order: %d %s", status, text)
	}
	if status, _ := shift.do("GET", me, "", "X-Long", strings.Repeat("x", 80<<10)); status != 431 {
		t.Errorf("a header of 80 KB: %d", status)
	}
}
