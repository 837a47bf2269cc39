package planner

import (
	"testing"

	"drover/internal/model"
	"drover/internal/stream"
)

// network feeds links between four servers in two racks, whose routers hang on
// one core router.
func network(s *scene, silent model.ServerID) {
	rack := map[model.ServerID]string{"s1": "r1", "s2": "r1", "s3": "r2", "s4": "r2"}
	for _, from := range []model.ServerID{"s1", "s2", "s3", "s4"} {
		for _, to := range []model.ServerID{"s1", "s2", "s3", "s4"} {
			if from == to || from == silent {
				continue
			}
			routers := []string{rack[from]}
			if rack[to] != rack[from] {
				routers = append(routers, "core", rack[to])
			}
			s.feed(stream.Graph, model.Link{Fleet: "f", From: from, To: to, RTTMicros: 100, Measured: true, Routers: routers, At: 1})
		}
	}
}

func racks(s *scene) map[model.ServerID]string {
	out := map[model.ServerID]string{}
	for id, server := range s.last().Servers {
		out[id] = server.Rack
	}
	return out
}

func TestServersThatShareARouterShareFate(t *testing.T) {
	s := newScene(t)
	for _, id := range []model.ServerID{"s1", "s2", "s3"} {
		s.feed(stream.Servers, model.Server{Fleet: "f", ID: id, At: 1})
	}
	s.feed(stream.Servers, model.Server{Fleet: "f", ID: "s4", At: 1, Rack: "stated"})
	network(s, "")
	s.tick(5 * minute)
	got := racks(s)
	for id, want := range map[model.ServerID]string{"s1": "behind r1", "s2": "behind r1", "s3": "behind r2", "s4": "stated"} {
		if got[id] != want {
			t.Errorf("%s: rack %q, want %q", id, got[id], want)
		}
	}
}

func TestOneWayIsNoProofOfSharedFate(t *testing.T) {
	s := newScene(t)
	for _, id := range []model.ServerID{"s1", "s2", "s3", "s4"} {
		s.feed(stream.Servers, model.Server{Fleet: "f", ID: id, At: 1})
	}
	network(s, "s2")
	s.feed(stream.Graph, model.Link{Fleet: "f", From: "s2", To: "s1", Measured: true, Routers: []string{"r1"}, At: 1})
	s.tick(5 * minute)
	if got := racks(s); got["s1"] != "" || got["s2"] != "" || got["s3"] != "behind r2" {
		t.Errorf("racks %v: of r1 only one server is known to need it", got)
	}
}

func TestARouterOfTheWholeFleetMakesNoRack(t *testing.T) {
	s := newScene(t)
	for _, id := range []model.ServerID{"s1", "s2"} {
		s.feed(stream.Servers, model.Server{Fleet: "f", ID: id, At: 1})
	}
	for _, from := range []model.ServerID{"s1", "s2"} {
		for _, to := range []model.ServerID{"x", "y"} {
			s.feed(stream.Graph, model.Link{Fleet: "f", From: from, To: to, Measured: true, Routers: []string{"core"}, At: 1})
		}
	}
	s.tick(5 * minute)
	if got := racks(s); got["s1"] != "" || got["s2"] != "" {
		t.Errorf("racks %v, want none", got)
	}
}
