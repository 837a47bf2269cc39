package service

import (
	"errors"
	"strings"
	"testing"

	"drover/internal/model"
	"drover/internal/stream"
	"drover/internal/web/api"
	"drover/tests/embedded"
)

// TestLettersOfTheConsoleAreReplayedWhole deals with dead letters as the HTTP API
// does: whole records go back to their topics, those of other fleets stay.
func TestLettersOfTheConsoleAreReplayedWhole(t *testing.T) {
	s := &service{t: t}
	where := []string{"--brokers", strings.Join(embedded.Broker(t).Brokers(), ","), "--redis", embedded.Redis(t)}
	s.apply(where)
	r := s.open(where)
	t.Cleanup(func() { _ = r.Close() })
	p, err := stream.NewProducer(r.Connection)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	value, err := r.Connection.Codec().Encode(stream.Servers, "shop", model.Server{Fleet: "shop", ID: "s1", Zone: strings.Repeat("z", 9000)})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []struct{ fleet, id string }{{"shop", "servers/0/1"}, {"shop", "servers/0/2"}, {"other", "servers/0/1"}} {
		letter := model.DeadLetter{Topic: stream.Servers, Stage: "planner", Class: "value", Message: "a test", Key: []byte("shop|s1"), Value: value}
		letter.Offset = int64(l.id[len(l.id)-1] - '0')
		if err := p.Publish(t.Context(), stream.DeadLetters, model.FleetID(l.fleet), l.id, letter); err != nil {
			t.Fatal(err)
		}
	}
	desk := letters{r.Connection, p}
	if err := desk.Replay(t.Context(), "shop", []string{"servers/0/1", "servers/0/9"}); !errors.Is(err, api.ErrNoLetter) || !strings.Contains(err.Error(), "servers/0/9") {
		t.Errorf("one of two is not there: %v", err)
	}
	if found := servers(t, r.Connection); len(found) != 0 {
		t.Errorf("%d records were replayed although one letter was not there", len(found))
	}
	if err := desk.Replay(t.Context(), "shop", []string{"servers/0/1"}); err != nil {
		t.Fatal(err)
	}
	if found := servers(t, r.Connection); len(found) != 1 || found[0].ID != "s1" || len(found[0].Zone) != 9000 {
		t.Errorf("replayed: %d records", len(found))
	}
	if err := desk.Drop(t.Context(), "shop", []string{"servers/0/2"}); err != nil {
		t.Fatal(err)
	}
	left, err := r.Connection.Letters(t.Context())
	if err != nil || len(left) != 1 || left[0].Fleet != "other" {
		t.Errorf("left: %+v, %v", left, err)
	}
}

// servers reads what stands in the topic of servers.
func servers(t *testing.T, c *stream.Connection) (out []model.Server) {
	t.Helper()
	if err := c.ReadAll(t.Context(), func(e stream.Entry) error {
		if s, ok := e.Event.(model.Server); ok {
			out = append(out, s)
		}
		return nil
	}, stream.Servers); err != nil {
		t.Fatal(err)
	}
	return out
}
