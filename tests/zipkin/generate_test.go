package zipkin

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
)

// span is a span in Zipkin's JSON, version 2.
type span struct {
	TraceID   string            `json:"traceId"`
	ID        string            `json:"id"`
	ParentID  string            `json:"parentId,omitempty"`
	Kind      string            `json:"kind,omitempty"`
	Local     *endpoint         `json:"localEndpoint,omitempty"`
	Remote    *endpoint         `json:"remoteEndpoint,omitempty"`
	Shared    bool              `json:"shared,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
	Timestamp int64             `json:"timestamp,omitempty"`
	Duration  int64             `json:"duration,omitempty"`
}

type endpoint struct {
	Service string `json:"serviceName,omitempty"`
	IPv4    string `json:"ipv4,omitempty"`
	Port    int    `json:"port,omitempty"`
}

// pick returns one of the values.
func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// randomEndpoint returns an endpoint with anything missing, or nil.
func randomEndpoint(r *rand.Rand) *endpoint {
	e := &endpoint{Service: pick(r, "", "", "web", "App", "db", "kafka"), IPv4: pick(r, "", "", "10.0.0.1", "10.0.0.2")}
	if e.IPv4 != "" && r.IntN(3) == 0 {
		e.Port = 80 + r.IntN(2)
	}
	if *e == (endpoint{}) {
		return nil
	}
	return e
}

// randomTrace returns a trace as JSON. In half of them parents have smaller ids
// than their children, as in a tree; in the others anything goes.
func randomTrace(r *rand.Rand) []byte {
	most := pick(r, 3, 8, 25)
	spans, ids, tree := make([]span, 1+r.IntN(most)), 2+r.IntN(most), r.IntN(2) == 0
	for i := range spans {
		id := 1 + r.IntN(ids)
		s := span{TraceID: "000000000000000a", ID: fmt.Sprintf("%016x", id),
			Kind:  pick(r, "", "", "CLIENT", "CLIENT", "SERVER", "SERVER", "PRODUCER", "CONSUMER"),
			Local: randomEndpoint(r), Shared: r.IntN(4) == 0}
		parent := r.IntN(ids + 1)
		if tree {
			parent = r.IntN(id)
		}
		if parent > 0 {
			s.ParentID = fmt.Sprintf("%016x", parent)
		}
		if r.IntN(2) == 0 {
			s.Remote = randomEndpoint(r)
		}
		if r.IntN(3) == 0 {
			s.Tags = map[string]string{"error": ""}
		}
		if r.IntN(2) == 0 {
			s.Timestamp, s.Duration = 1_700_000_000_000_000+r.Int64N(100), 1+r.Int64N(100)
		}
		spans[i] = s
	}
	b, _ := json.Marshal(spans) // of plain fields: can't fail
	return b
}
