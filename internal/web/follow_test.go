package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stream"
	"drover/internal/web/access"
	"drover/internal/web/api"
	"drover/internal/web/readmodel"
)

func TestRecordsAreFollowed(t *testing.T) {
	m := readmodel.New(readmodel.DefaultLimits())
	log := slog.New(slog.DiscardHandler)
	some := []byte{1}
	for _, e := range []stream.Entry{
		{Topic: stream.Servers, Fleet: "f", Value: some, Event: model.Server{Fleet: "f", ID: "s1"}},
		{Topic: stream.Servers, Fleet: "f", Err: errors.New("a tombstone")},
		{Topic: stream.Calls, Fleet: "f", Value: some, Err: errors.New("unreadable")},
		{Topic: stream.Metrics, Fleet: "f", Value: some, Event: model.CalendarEvent{Fleet: "f", ID: "c"}},
		{Topic: stream.DeadLetters, Fleet: "f", Value: some, Event: model.DeadLetter{Topic: "metrics", Partition: 1, Offset: 2}},
		{Topic: stream.DeadLetters, Fleet: "f", Value: some, Event: model.DeadLetter{Topic: "metrics", Partition: 1, Offset: 3}},
		{Topic: stream.DeadLetters, Fleet: "f", Key: "metrics/1/2"},
	} {
		Follow(m, log, e)
	}
	m.View("f", func(f *readmodel.Fleet) {
		if len(f.Servers) != 1 || len(f.Calendar) != 0 || len(f.Letters) != 1 || f.Letters[0].Offset != 3 {
			t.Errorf("%d servers, %d events, letters %+v", len(f.Servers), len(f.Calendar), f.Letters)
		}
	})
}

func TestTopicsAreThoseThatOperatorsMayRead(t *testing.T) {
	for _, name := range Topics() {
		topic, err := stream.TopicNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(topic.Readers, " "), stream.Operator) {
			t.Errorf("%s is not for operators to read", name)
		}
	}
}

func TestConsoleAndAPIStandSideBySide(t *testing.T) {
	gate, err := access.NewGate(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	h, err := NewHandler(api.Config{Model: readmodel.New(readmodel.DefaultLimits()), Publisher: nobody{}, Gate: gate})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/": "text/html; charset=utf-8", "/fleet/demo/graph": "text/html; charset=utf-8", "/api/v1/me": "application/json", "/api/v1/none": "application/json"} {
		r := httptest.NewRequest("GET", path, nil)
		r.RemoteAddr, r.Host = "127.0.0.1:1", "localhost"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Type"); got != want || w.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %s, want %s and a policy", path, w.Code, got, want)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /: %d", w.Code)
	}
}

// nobody takes no orders.
type nobody struct{ api.Publisher }
