package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// reader reads server-sent events.
type reader struct {
	t     *testing.T
	lines *bufio.Scanner
}

func follow(t *testing.T, s *testServer, last string) *reader {
	t.Helper()
	server := httptest.NewServer(s)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(func() { cancel(); server.CloseClientConnections(); server.Close() })
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+base+"/events?fleet=shop", nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	if got := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || got != "text/event-stream" {
		t.Fatalf("%s %s", answer.Status, got)
	}
	return &reader{t, bufio.NewScanner(answer.Body)}
}

// next returns the next event of a kind.
func (r *reader) next(kind string, into any) (id string) {
	r.t.Helper()
	found := false
	for r.lines.Scan() {
		field, value, _ := strings.Cut(r.lines.Text(), ": ")
		switch {
		case field == "id":
			id = value
		case field == "event":
			found = value == kind
		case field == "data" && found:
			if err := json.Unmarshal([]byte(value), into); err != nil {
				r.t.Fatal(err)
			}
			return id
		}
	}
	r.t.Fatalf("the stream ended before a %s: %v", kind, r.lines.Err())
	return ""
}

func TestChangesAndLinesAreStreamed(t *testing.T) {
	s, _ := served(t)
	r := follow(t, s, "")
	var first Changed
	r.next("change", &first)
	if first.Fleet != "shop" || first.Sections["plans"] == 0 || first.Sections["servers"] != 3 {
		t.Errorf("first %+v", first)
	}
	s.Model.Fold("shop", model.Outcome{Fleet: "shop", Kind: model.OutcomePlan, Plan: "p-waits", MoveIndex: -1, State: model.PlanExpired, At: morning.Add(time.Minute)})
	var l Line
	if id := r.next("line", &l); l.Text != "p-waits expired" || id == "" {
		t.Errorf("line %+v with id %q", l, id)
	}
	var second Changed
	r.next("change", &second)
	if len(second.Sections) != 1 || second.Sections["plans"] <= first.Sections["plans"] {
		t.Errorf("second %+v: only plans have changed", second)
	}
}

func TestAReaderWhoComesBackMissesNothing(t *testing.T) {
	s, _ := served(t)
	r := follow(t, s, "2")
	var l Line
	r.next("line", &l)
	if l.Seq != 3 {
		t.Errorf("the first line after 2 is %d", l.Seq)
	}
}

func TestStreamsEndWithTheProgram(t *testing.T) {
	s, _ := served(t)
	ended := make(chan struct{})
	s.Ended = ended
	r := follow(t, s, "")
	var c Changed
	r.next("change", &c)
	close(ended)
	for r.lines.Scan() {
	}
	if err := r.lines.Err(); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
}
