package ingest

import (
	"context"
	"errors"
	"math"
	"testing"

	"drover/internal/model"
	"drover/internal/stage"
	"drover/internal/stream"
)

func TestRoute(t *testing.T) {
	cases := []struct {
		name  string
		event any
		topic string
		key   string
		more  int // copies beyond the first
	}{
		{"metric", model.Metric{Fleet: "f", Entity: "app:web", At: 1, Producer: "p", Samples: []model.Sample{{Value: 1}}}, stream.Metrics, "app:web", 0},
		{"call", model.Call{Fleet: "f", Caller: "a", Callee: "b", At: 1}, stream.Calls, "a", 0},
		{"path", model.Path{Fleet: "f", From: "s1", To: "s2", At: 1}, stream.Paths, "s1", 0},
		{"server", model.Server{Fleet: "f", ID: "s1", At: 1}, stream.Servers, "s1", 0},
		{"application", model.Application{Fleet: "f", ID: "a", At: 1}, stream.Applications, "a", 0},
		{"calendar goes to metrics too", model.CalendarEvent{Fleet: "f", ID: "c", At: 1, Start: 1, End: 2}, stream.Calendar, "c", 1},
		{"maintenance", model.Maintenance{Fleet: "f", ID: "m", Server: "s1", At: 1, Start: 1, End: 2}, stream.Maintenance, "m", 0},
		{"control", model.Control{Fleet: "f", ID: "o", Kind: model.ControlPause, At: 1}, stream.Control, "o", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, err := Route(c.event)
			if err != nil {
				t.Fatal(err)
			}
			if len(out) != 1+c.more || out[0].Topic != c.topic || out[0].Key != c.key || out[0].Fleet != "f" {
				t.Errorf("routed to %+v, want topic %s, key %s, %d copies more", out, c.topic, c.key, c.more)
			}
			for _, e := range out[1:] {
				if e.Partition != stage.EveryPartition {
					t.Errorf("the copy goes to partition %d, want every one", e.Partition)
				}
			}
		})
	}
}

func TestRouteRefuses(t *testing.T) {
	for name, event := range map[string]any{
		"unknown type":        "text",
		"metric: no fleet":    model.Metric{Entity: "app:a", At: 1, Producer: "p", Samples: []model.Sample{{}}},
		"metric: NaN":         model.Metric{Fleet: "f", Entity: "app:a", At: 1, Producer: "p", Samples: []model.Sample{{Value: math.NaN()}}},
		"metric: entity":      model.Metric{Fleet: "f", Entity: "web", At: 1, Producer: "p", Samples: []model.Sample{{}}},
		"metric: no samples":  model.Metric{Fleet: "f", Entity: "app:a", At: 1, Producer: "p"},
		"metric: resource":    model.Metric{Fleet: "f", Entity: "app:a", At: 1, Producer: "p", Samples: []model.Sample{{Resource: 9}}},
		"metric: no time":     model.Metric{Fleet: "f", Entity: "app:a", Producer: "p", Samples: []model.Sample{{}}},
		"call: no callee":     model.Call{Fleet: "f", Caller: "a", At: 1},
		"server: capacity":    model.Server{Fleet: "f", ID: "s", At: 1, Capacity: model.Vector{-1}},
		"application: places": model.Application{Fleet: "f", ID: "a", At: 1, Replicas: 1, Placement: []model.ServerID{"s", "t"}},
		"application: counts": model.Application{Fleet: "f", ID: "a", At: 1, Replicas: -1},
		"calendar: order":     model.CalendarEvent{Fleet: "f", ID: "c", At: 1, Start: 2, End: 2},
		"maintenance: order":  model.Maintenance{Fleet: "f", ID: "m", Server: "s", At: 1, Start: 2, End: 1},
		"path: no end":        model.Path{Fleet: "f", From: "s", At: 1},
		"control: no kind":    model.Control{Fleet: "f", ID: "c", At: 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Route(event)
			var rejection *stage.Rejection
			if !errors.As(err, &rejection) {
				t.Errorf("error %v is no rejection", err)
			}
		})
	}
}

// recorder is a publisher that keeps what it is given.
type recorder struct {
	got  []stage.Emission
	fail error
}

func (r *recorder) PublishAll(_ context.Context, out []stage.Emission) error {
	if r.fail != nil {
		return r.fail
	}
	r.got = append(r.got, out...)
	return nil
}

func TestFeedTakesTheGoodAndReportsTheBad(t *testing.T) {
	r := &recorder{}
	feed := NewFeed("p", r)
	err := feed.Publish(context.Background(), []any{
		model.Call{Fleet: "f", Caller: "a", Callee: "b", At: 1}, "nonsense", model.Call{Fleet: "f"},
	})
	var refused *Refused
	if !errors.As(err, &refused) || refused.Count != 2 {
		t.Fatalf("error %v, want two refused", err)
	}
	if accepted, bad := feed.Counts(); accepted != 1 || bad != 2 || len(r.got) != 1 {
		t.Errorf("accepted %d, refused %d, published %d; want 1, 2, 1", accepted, bad, len(r.got))
	}
	r.fail = errors.New("broker away")
	if err := feed.Publish(context.Background(), []any{model.Call{Fleet: "f", Caller: "a", Callee: "b", At: 1}}); !errors.Is(err, r.fail) {
		t.Errorf("error %v does not wrap the publisher's", err)
	}
	if accepted, _ := feed.Counts(); accepted != 1 {
		t.Errorf("%d accepted, though nothing was acknowledged", accepted)
	}
}

func TestHeartbeatsGoEverywhere(t *testing.T) {
	r := &recorder{}
	if err := NewFeed("p", r).Heartbeat(context.Background(), 7, true); err != nil {
		t.Fatal(err)
	}
	if len(r.got) != len(Fed()) {
		t.Fatalf("%d heartbeats for %d topics", len(r.got), len(Fed()))
	}
	for _, e := range r.got {
		if h := e.Event.(model.Heartbeat); e.Partition != stage.EveryPartition || h.At != 7 || !h.Final || h.Producer != "p" {
			t.Errorf("heartbeat %+v to partition %d of %s", h, e.Partition, e.Topic)
		}
	}
}
