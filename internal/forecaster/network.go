package forecaster

import (
	"drover/internal/graph"
	"drover/internal/model"
	"drover/internal/netmap"
	"drover/internal/stage"
	"drover/internal/stream"
)

// edges is the state of one partition of calls: the dependencies of the
// callers that hash to it.
type edges struct {
	clock clock
	graph *graph.Graph
}

func (e *edges) handle(event any, marker func(model.Instant) stage.Emission) ([]stage.Emission, error) {
	switch ev := event.(type) {
	case model.Call:
		if e.graph.Observe(ev) == graph.Refused {
			return nil, stage.Reject("value", "call %q -> %q of fleet %q at %v: fleet, caller, callee and time are needed",
				ev.Caller, ev.Callee, ev.Fleet, ev.At)
		}
		return nil, nil
	case model.Heartbeat:
		return e.clock.heartbeat(ev, func(tick model.Instant) ([]stage.Emission, error) {
			var out []stage.Emission
			for _, edge := range e.graph.Changed(tick) {
				out = append(out, stage.Emission{Topic: stream.Graph, Fleet: edge.Fleet,
					Key: "edge/" + string(edge.Caller) + "/" + string(edge.Callee), Partition: stage.ByKey, Event: edge})
			}
			return append(out, marker(tick)), nil
		})
	}
	return nil, stage.Reject("schema", "a %T has no place in calls", event)
}

// links is the state of one partition of paths: the routes from the servers
// that hash to it.
type links struct {
	clock   clock
	network *netmap.Map
}

func (l *links) handle(event any, marker func(model.Instant) stage.Emission) ([]stage.Emission, error) {
	switch ev := event.(type) {
	case model.Path:
		if ev.Fleet == "" || ev.From == "" || ev.To == "" || ev.At <= 0 {
			return nil, stage.Reject("value", "path %q -> %q of fleet %q at %v: fleet, ends and time are needed",
				ev.From, ev.To, ev.Fleet, ev.At)
		}
		l.network.Observe(ev)
		return nil, nil
	case model.Heartbeat:
		return l.clock.heartbeat(ev, func(tick model.Instant) ([]stage.Emission, error) {
			var out []stage.Emission
			for _, link := range l.network.Changed(tick) {
				out = append(out, stage.Emission{Topic: stream.Graph, Fleet: link.Fleet,
					Key: "link/" + string(link.From) + "/" + string(link.To), Partition: stage.ByKey, Event: link})
			}
			return append(out, marker(tick)), nil
		})
	}
	return nil, stage.Reject("schema", "a %T has no place in paths", event)
}
