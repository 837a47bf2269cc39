package pull

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drover/internal/ingest/format/events"
)

// memory is a sink that keeps what it takes as JSON lines.
type memory struct {
	lines []string
	fail  error
}

func (m *memory) Publish(_ context.Context, list []any) error {
	if m.fail != nil {
		return m.fail
	}
	for _, e := range list {
		line, err := events.Encode(e)
		if err != nil {
			return err
		}
		m.lines = append(m.lines, string(line))
	}
	return nil
}

func (m *memory) take() string {
	s := strings.Join(m.lines, "\n")
	m.lines = nil
	return s
}

// page is a feed whose answer the test sets.
type page struct {
	body, etag, token string
	status            int
	unchanged         int
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case p.token != "" && r.Header.Get("Authorization") != "Bearer "+p.token:
		w.WriteHeader(http.StatusUnauthorized)
	case p.etag != "" && r.Header.Get("If-None-Match") == p.etag:
		p.unchanged++
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Header().Set("ETag", p.etag)
		w.WriteHeader(max(p.status, 200))
		_, _ = w.Write([]byte(p.body))
	}
}

func newPoller(t *testing.T, sink Sink, p *page, target Target) *Poller {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	target.URL = server.URL + "/feed"
	if err := target.check(); err != nil {
		t.Fatal(err)
	}
	poller, err := New(Config{Sink: sink, Fleet: "shop", Now: func() time.Time { return time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC) }}, []Target{target})
	if err != nil {
		t.Fatal(err)
	}
	return poller
}

func calendar(uids ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\n")
	for _, uid := range uids {
		b.WriteString("BEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTART:20260401T090000Z\r\nDTEND:20260401T100000Z\r\nEND:VEVENT\r\n")
	}
	b.WriteString("END:VCALENDAR\r\n")
	return b.String()
}

func TestCalendarFeed(t *testing.T) {
	sink, feed := &memory{}, &page{body: calendar("a", "b"), etag: `"1"`}
	p := newPoller(t, sink, feed, Target{Format: "icalendar"})
	poll := func() error { return p.poll(context.Background(), p.feeds[0]) }
	if err := poll(); err != nil {
		t.Fatal(err)
	}
	if got := sink.take(); strings.Count(got, `"type":"calendar"`) != 2 {
		t.Fatalf("first: %s", got)
	}
	if err := poll(); err != nil || feed.unchanged != 1 || sink.take() != "" {
		t.Fatalf("unchanged: %v, asked %d times with the tag", err, feed.unchanged)
	}
	// The feed vanishes: what it said stays, and it is asked less often.
	feed.status, feed.etag = 404, ""
	before := p.feeds[0].wait()
	for range 3 {
		if err := poll(); err == nil {
			t.Fatal("a vanished feed is no failure")
		}
	}
	if s := p.Status()[0]; s.Failures != 3 || s.LastGood.IsZero() || s.Error == "" || sink.take() != "" {
		t.Fatalf("vanished: %+v", s)
	}
	if wait := p.feeds[0].wait(); wait < before {
		t.Errorf("waits %v after failures, %v before", wait, before)
	}
	// Half a calendar cancels nothing.
	feed.status, feed.body = 200, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"
	if err := poll(); err == nil || sink.take() != "" {
		t.Fatalf("half a calendar: %v", err)
	}
	// Back, with one event less: that one is cancelled.
	feed.body = calendar("b")
	if err := poll(); err != nil {
		t.Fatal(err)
	}
	if got := sink.take(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"id":"a"`) || strings.Count(got, `"cancelled":true`) != 1 {
		t.Errorf("back: %s", got)
	}
	if s := p.Status()[0]; s.Failures != 0 || s.Events != 1 {
		t.Errorf("back: %+v", s)
	}
}

func TestScrape(t *testing.T) {
	sink := &memory{}
	p := newPoller(t, sink, &page{body: "pod_memory_working_set_bytes{pod=\"db-1\"} 5\nnode_memory_working_set_bytes 7\nup 1\n", token: "x"},
		Target{Format: "prometheus", Token: "x", Labels: map[string]string{"node": "n1"}})
	if err := p.poll(context.Background(), p.feeds[0]); err != nil {
		t.Fatal(err)
	}
	got := sink.take()
	for _, want := range []string{`"entity":"replica:db/1"`, `"entity":"server:n1"`, `"at":"2026-03-01T10:00:00Z"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
	if p.feeds[0].wait() != time.Minute {
		t.Errorf("waits %v", p.feeds[0].wait())
	}
}

func TestNotTakenIsFetchedAgain(t *testing.T) {
	sink, feed := &memory{fail: errors.New("broker gone")}, &page{body: calendar("a"), etag: `"1"`}
	p := newPoller(t, sink, feed, Target{Format: "icalendar"})
	if err := p.poll(context.Background(), p.feeds[0]); err == nil {
		t.Fatal("no error")
	}
	sink.fail = nil
	if err := p.poll(context.Background(), p.feeds[0]); err != nil || sink.take() == "" {
		t.Errorf("second time: %v", err)
	}
}

func TestReadTargets(t *testing.T) {
	for text, want := range map[string]string{
		`[{"targets":["h1:9100","h2:9100"],"labels":{"job":"node","__scheme__":"https","__metrics_path__":"/m"}}]`: "https://h1:9100/m https://h2:9100/m",
		"feeds: [{url: 'http://x/c.ics', format: icalendar, every: 15m}]\nscrape: [{targets: [h1]}]":               "http://x/c.ics http://h1/metrics",
	} {
		targets, err := ReadTargets([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var urls []string
		for _, target := range targets {
			urls = append(urls, target.URL)
		}
		if got := strings.Join(urls, " "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, text := range []string{"5", "feeds: [{url: x, format: icalendar}]", "feeds: [{url: 'http://x', format: tea}]", "other: 1",
		"feeds: [{url: 'http://x', format: mtr, every: 1ms}]"} {
		if _, err := ReadTargets([]byte(text)); err == nil {
			t.Errorf("%s passed", text)
		}
	}
}
