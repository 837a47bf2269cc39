package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// TestEveryChangeIsInTheAuditLogBeforeItIsMade sends an order to every route that
// changes something: the audit event comes first, says who, what, how it was and
// what was ordered, and stands in the list of the audit route.
func TestEveryChangeIsInTheAuditLogBeforeItIsMade(t *testing.T) {
	n := 0
	for _, r := range Routes() {
		if r.Class != Change {
			continue
		}
		n++
		s, sent := served(t)
		body := withBody[r.Name]
		if body == "" {
			body = `{"comment":"a test"}`
		}
		if got := s.do(r.Method, fill(&r), body); got.Code != max(r.Status, http.StatusOK) {
			t.Errorf("%s: %d %s", r.Name, got.Code, got.Body)
			continue
		}
		a, ok := sent.list[0].Event.(model.Audit)
		switch {
		case !ok || sent.list[0].Topic != topicAudit:
			t.Errorf("%s: the first event is %T in %s", r.Name, sent.list[0].Event, sent.list[0].Topic)
		case a.Actor != "local (loopback)" || a.Action == "" || a.Object == "" || a.At == 0 || a.Fleet != "shop":
			t.Errorf("%s: who, what, to what, when: %+v", r.Name, a)
		case a.Before == "" || !json.Valid([]byte(a.After)):
			t.Errorf("%s: before %q, after %q", r.Name, a.Before, a.After)
		}
		list := ask[Page[Audit]](s, "/audit")
		if len(list.Items) != 2 || list.Items[0].Action != a.Action || list.Items[0].Before != a.Before {
			t.Errorf("%s: the audit log lists %+v", r.Name, list.Items)
		}
	}
	if n < 14 {
		t.Errorf("only %d routes change something", n)
	}
}

// TestABodyThatDoesNotComeEnds sends the head of an order alone.
func TestABodyThatDoesNotComeEnds(t *testing.T) {
	before := timeouts[Change]
	timeouts[Change] = 50 * time.Millisecond
	t.Cleanup(func() { timeouts[Change] = before })
	s, sent := served(t)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	fmt.Fprintf(conn, "POST %s/fleets/shop/pause HTTP/1.1\r\nHost: localhost\r\nX-Drover-Request: 1\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{", base)
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestTimeout || len(sent.list) != 0 {
		t.Errorf("%s, %d events", answer.Status, len(sent.list))
	}
}

func TestOnlyThoseWhoCameOverTLSAreToldToStay(t *testing.T) {
	s, _ := served(t)
	if h := s.do("GET", base+"/me", "").Header(); h.Get("Strict-Transport-Security") != "" {
		t.Error("a plain connection is told of TLS")
	}
	server := httptest.NewTLSServer(s)
	t.Cleanup(server.Close)
	answer, err := server.Client().Get(server.URL + base + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if !strings.HasPrefix(answer.Header.Get("Strict-Transport-Security"), "max-age=") {
		t.Errorf("headers %v", answer.Header)
	}
}
