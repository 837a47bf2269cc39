package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

const letterPath = base + "/fleets/shop/deadletters"

func TestADeadLetterIsShownWithItsOriginReasonAndBytes(t *testing.T) {
	s, _ := served(t)
	s.Model.Fold("shop", model.DeadLetter{Topic: "calls", Partition: 1, Offset: 9, At: morning, Stage: "forecaster", Class: "decode", Message: "no schema", Key: []byte("shop|\xff"), Value: make([]byte, 5000)})
	l := ask[DeadLetter](s, "/deadletters/calls/1/9")
	if l.ID != "calls/1/9" || l.Topic != "calls" || l.Offset != 9 || l.Class != "decode" || l.Message != "no schema" || l.Stage != "forecaster" || l.Bytes != 5000 || len(l.Value) != 4096 || !l.Cut {
		t.Errorf("%+v", l)
	}
	if l.Key != `"shop|\xff"` {
		t.Errorf("a key that is no text is shown as %s", l.Key)
	}
	if l := ask[DeadLetter](s, "/deadletters/metrics/2/77"); l.Cut || l.Headers["producer"] != "p7" || l.Headers["raw"] != `"\xff"` {
		t.Errorf("%+v", l)
	}
	for _, path := range []string{"/metrics/2/78", "/metrics/x/77"} {
		if got := s.do("GET", letterPath+path, ""); got.Code != http.StatusNotFound || !strings.Contains(got.Body.String(), "may have been dealt with") {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	if page := ask[Page[DeadLetter]](s, "/deadletters?q=NO+schema"); page.Total != 1 || page.Items[0].ID != "calls/1/9" {
		t.Errorf("found %+v", page)
	}
}

func TestDeadLettersAreReplayedAndDroppedWithAnAudit(t *testing.T) {
	for _, action := range []string{"replay", "drop"} {
		s, sent := served(t)
		got := s.do("POST", letterPath+"/"+action, `{"ids":["metrics/2/77"],"comment":"the producer is mended"}`)
		var done LettersDone
		if err := json.Unmarshal(got.Body.Bytes(), &done); err != nil || got.Code != http.StatusOK || done.Action != action || done.By != "local" || !slices.Equal(done.IDs, []string{"metrics/2/77"}) {
			t.Fatalf("%s: %d %s %v", action, got.Code, got.Body, err)
		}
		if list := s.Letters.(*dealt).list; !slices.Equal(list, []string{action + " metrics/2/77"}) {
			t.Errorf("done: %v", list)
		}
		if left := ask[Page[DeadLetter]](s, "/deadletters"); left.Total != 0 {
			t.Errorf("%s leaves %d", action, left.Total)
		}
		audit, ok := sent.list[0].Event.(model.Audit)
		if !ok || len(sent.list) != 1 || audit.Action != action || audit.Object != "deadletter/metrics/2/77" || audit.Actor != "local (loopback)" ||
			!strings.Contains(audit.Before, "entity is empty") || !strings.Contains(audit.After, "the producer is mended") {
			t.Errorf("%s: audit %+v", action, sent.list)
		}
		// A second hand comes too late.
		if got := s.do("POST", letterPath+"/"+action, `{"ids":["metrics/2/77"]}`); got.Code != http.StatusNotFound {
			t.Errorf("again: %d %s", got.Code, got.Body)
		}
	}
}

func TestDeadLettersAreLeftAloneWhereSomethingIsWrong(t *testing.T) {
	many, err := json.Marshal(LetterOrder{IDs: make([]string, maxLetters+1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		body, text string
		want       int
		failure    error // of the topic
		alone      bool  // there is nothing that deals with letters
		audits     int
	}{
		{body: "", want: 400, text: "ids: is empty"},
		{body: `{"ids":["metrics/2/78"]}`, want: 404, text: "no dead letter"},
		{body: `{"ids":["metrics/2/77","metrics/2/77"]}`, want: 400, text: "twice"},
		{body: string(many), want: 400, text: "more than 100"},
		{body: `{"ids":["metrics/2/77"],"comment":"` + strings.Repeat("x", maxComment+1) + `"}`, want: 400, text: "comment"},
		{body: `{"id":"metrics/2/77"}`, want: 400, text: "unknown field"},
		{body: `{"ids":["metrics/2/77"]}`, want: 409, text: "somebody else", failure: fmt.Errorf("%w: metrics/2/77", ErrNoLetter), audits: 1},
		{body: `{"ids":["metrics/2/77"]}`, want: 502, text: "needs WRITE", failure: errors.New("replay metrics/2/77: user operator needs WRITE on drover.metrics"), audits: 1},
		{body: `{"ids":["metrics/2/77"]}`, want: 409, text: "drover deadletter replay", alone: true},
	} {
		s, sent := served(t)
		s.Letters.(*dealt).err = c.failure
		if c.alone {
			s.Letters = nil
		}
		got := s.do("POST", letterPath+"/replay", c.body)
		if got.Code != c.want || !strings.Contains(got.Body.String(), c.text) || len(sent.list) != c.audits {
			t.Errorf("%.60s: %d %s and %d events, want %d %q and %d", c.body, got.Code, got.Body, len(sent.list), c.want, c.text, c.audits)
		}
		s.Model.View("shop", func(f *readmodel.Fleet) {
			if len(f.Letters) != 1 {
				t.Errorf("%.60s: %d letters are left", c.body, len(f.Letters))
			}
		})
	}
}

func TestNoLetterIsDealtWithWhereTheAuditFails(t *testing.T) {
	s, sent := served(t)
	sent.err = errors.New("broker away")
	got := s.do("POST", letterPath+"/drop", `{"ids":["metrics/2/77"]}`)
	if got.Code != http.StatusInternalServerError || len(s.Letters.(*dealt).list) != 0 {
		t.Errorf("%d %s, done %v", got.Code, got.Body, s.Letters.(*dealt).list)
	}
}
