package door

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/internal/ingest/format/events"
	"drover/internal/stage"
)

// memory is a sink that keeps what it takes.
type memory struct {
	mu     sync.Mutex
	events []any
	fail   error
}

func (m *memory) Publish(_ context.Context, events []any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rejection *stage.Rejection
	if m.fail != nil && !errors.As(m.fail, &rejection) {
		return m.fail
	}
	m.events = append(m.events, events...)
	return m.fail
}

// lines returns the events in their JSON form.
func (m *memory) lines(t *testing.T) string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	for _, e := range m.events {
		line, err := events.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

// theTime is when all test requests are made.
var theTime = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

const (
	testToken  = "secret-a"
	smallToken = "secret-b"
)

// testCredentials has one credential without limits and one with small ones.
func testCredentials(t *testing.T) *Credentials {
	t.Helper()
	c, err := ReadCredentials([]byte(fmt.Sprintf(`credentials:
- {name: prom-a, fleet: shop, token_sha256: %x}
- {name: small, fleet: shop, token_sha256: %x, limits: {series: 2, samples_per_second: 1, bytes_per_second: 100}}
- {name: by-cert, fleet: shop, certificate_cn: agent-1, control: true}
`, sum(testToken), sum(smallToken))))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newServer(t *testing.T, sink Sink, change func(*Config)) *Server {
	t.Helper()
	cfg := Config{Sink: sink, Credentials: testCredentials(t), Now: func() time.Time { return theTime }}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// request is one call of a door.
type request struct {
	path, token, contentType, encoding string
	body                               string
	remote                             string
}

func (q request) send(s *Server) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, q.path, strings.NewReader(q.body))
	if q.token != "" {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	if q.contentType != "" {
		r.Header.Set("Content-Type", q.contentType)
	}
	if q.encoding != "" {
		r.Header.Set("Content-Encoding", q.encoding)
	}
	if q.remote != "" {
		r.RemoteAddr = q.remote
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

const oneEvent = `{"type":"metric","entity":"server:s1","samples":[{"resource":"cpu","value":5}]}`

func TestWhoMaySend(t *testing.T) {
	open := func(c *Config) { c.Credentials = nil }
	for _, c := range []struct {
		name   string
		change func(*Config)
		q      request
		want   int
	}{
		{"token", nil, request{token: testToken}, 200},
		{"unknown token", nil, request{token: "guess"}, 401},
		{"no token", nil, request{}, 401},
		{"open to this machine", open, request{remote: "127.0.0.1:5000"}, 200},
		{"open to this machine by IPv6", open, request{remote: "[::1]:5000"}, 200},
		{"closed to others", open, request{remote: "192.0.2.1:5000"}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			sink := &memory{}
			c.q.path, c.q.body = "/v1/events", oneEvent
			w := c.q.send(newServer(t, sink, c.change))
			if w.Code != c.want {
				t.Errorf("status %d (%s), want %d", w.Code, w.Body, c.want)
			}
			if c.want == 401 && w.Header().Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
			if (len(sink.events) == 1) != (c.want == 200) {
				t.Errorf("%d events taken", len(sink.events))
			}
		})
	}
}

func TestEvents(t *testing.T) {
	sink := &memory{}
	s := newServer(t, sink, nil)
	w := request{path: "/v1/events", token: testToken, contentType: "application/x-ndjson",
		body: oneEvent + "\n" + `{"type":"metric","fleet":"other","entity":"server:s1","samples":[{"resource":"cpu","value":5}]}` + "\n" +
			`{"type":"control","id":"k","kind":"kill"}`}.send(s)
	if w.Code != 400 || !strings.Contains(w.Body.String(), `"accepted":1,"rejected":2`) || !strings.Contains(w.Body.String(), "fleet") {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
	want := `{"type":"metric","fleet":"shop","entity":"server:s1","at":"2026-03-01T10:00:00Z","producer":"prom-a","samples":[{"resource":"cpu","kind":"gauge","value":5,"unit":"millicores"}]}` + "\n"
	if got := sink.lines(t); got != want {
		t.Errorf("got %s", got)
	}
	if w := (request{path: "/v1/events", token: testToken, contentType: "text/html", body: oneEvent}).send(s); w.Code != 415 {
		t.Errorf("HTML: status %d", w.Code)
	}
	if w := (request{path: "/v1/ingest/tea", token: testToken, body: oneEvent}).send(s); w.Code != 404 {
		t.Errorf("unknown format: status %d", w.Code)
	}
}

func TestAnyFormat(t *testing.T) {
	sink := &memory{}
	w := request{path: "/v1/ingest/traceroute-text?server=s1", token: testToken,
		body: "traceroute to x (192.0.2.9), 30 hops max\n 1  192.0.2.9  1.5 ms\n"}.send(newServer(t, sink, nil))
	if w.Code != 200 {
		t.Fatalf("status %d, %s", w.Code, w.Body)
	}
	if got := sink.lines(t); !strings.Contains(got, `"from":"s1","to":"192.0.2.9"`) {
		t.Errorf("got %s", got)
	}
}

func TestInflux(t *testing.T) {
	sink := &memory{}
	s := newServer(t, sink, nil)
	if w := (request{path: "/write?precision=s", token: testToken, body: "mem,host=h used=1 1772359200\n"}).send(s); w.Code != 204 {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
	if w := (request{path: "/api/v2/write?precision=week", token: testToken, body: "mem used=1\n"}).send(s); w.Code != 400 {
		t.Errorf("precision: status %d", w.Code)
	}
	if w := (request{path: "/write", token: testToken, body: "mem used=1\nmem\n"}).send(s); w.Code != 400 || !strings.Contains(w.Body.String(), "partial write") {
		t.Errorf("bad line: status %d, %s", w.Code, w.Body)
	}
}

func TestLimits(t *testing.T) {
	sink := &memory{}
	now := theTime
	s := newServer(t, sink, func(c *Config) { c.Now = func() time.Time { return now } })
	send := func(body string) *httptest.ResponseRecorder {
		return request{path: "/v1/events", token: smallToken, body: body}.send(s)
	}
	// Ten seconds' worth of bytes may come at once, and one batch may go over.
	if w := send(strings.Repeat(oneEvent+"\n", 15)); w.Code != 200 {
		t.Fatalf("first batch: status %d, %s", w.Code, w.Body)
	}
	w := send(oneEvent)
	if w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Fatalf("over the limit: status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	now = now.Add(time.Hour)
	if w := send(oneEvent); w.Code != 200 {
		t.Errorf("an hour later: status %d, %s", w.Code, w.Body)
	}
}

func TestSeriesLimit(t *testing.T) {
	l := seriesLimit{most: 2}
	for i, want := range []bool{true, true, false} {
		if got := l.admit(theTime, uint64(i)); got != want {
			t.Errorf("series %d: %v", i, got)
		}
	}
	if !l.admit(theTime, 1) {
		t.Error("a known series is refused")
	}
	// After two windows series that stopped no longer count.
	l.admit(theTime.Add(seriesWindow), 1)
	l.admit(theTime.Add(2*seriesWindow), 1)
	if !l.admit(theTime.Add(2*seriesWindow), 7) {
		t.Error("series that stopped still count")
	}
}

// A credential's series are counted whatever door they come in by.
func TestSeriesLimitOfEvents(t *testing.T) {
	sink := &memory{}
	now := theTime
	s := newServer(t, sink, func(c *Config) { c.Now = func() time.Time { return now } })
	event := func(server string) string { return strings.ReplaceAll(oneEvent, "s1", server) + "\n" }
	for _, c := range []struct {
		body string
		code int
		says string
		kept int // so far
	}{
		{event("s1") + event("s2") + event("s1"), 200, "", 3},
		{event("s3") + event("s2"), 400, "more than 2 series", 4},
		{event("s1"), 200, "", 5},
	} {
		now = now.Add(10 * time.Second) // for the limit of samples
		w := request{path: "/v1/events", token: smallToken, body: c.body}.send(s)
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.says) || len(sink.events) != c.kept {
			t.Errorf("%s: status %d (%s), %d events; want %d, %q, %d", c.body, w.Code, w.Body, len(sink.events), c.code, c.says, c.kept)
		}
	}
}

func TestSinkFailure(t *testing.T) {
	for _, c := range []struct {
		fail error
		want int
	}{{errors.New("broker gone"), 503}, {stage.Reject("value", "no use"), 400}} {
		w := request{path: "/v1/events", token: testToken, body: oneEvent}.send(newServer(t, &memory{fail: c.fail}, nil))
		if w.Code != c.want {
			t.Errorf("%v: status %d (%s), want %d", c.fail, w.Code, w.Body, c.want)
		}
		if c.want == 503 && w.Header().Get("Retry-After") == "" {
			t.Error("503 without Retry-After")
		}
	}
}

func TestTooLarge(t *testing.T) {
	s := newServer(t, &memory{}, func(c *Config) { c.MaxBodyBytes = 10 })
	if w := (request{path: "/v1/events", token: testToken, body: oneEvent}).send(s); w.Code != 413 {
		t.Errorf("status %d", w.Code)
	}
}
