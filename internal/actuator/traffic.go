package actuator

import "context"

// Admission says what a proxy lets through to one of its servers.
type Admission string

// The admissions.
const (
	Open     Admission = "ready" // new and running sessions
	Draining Admission = "drain" // running sessions only
	Closed   Admission = "maint" // no new sessions; running ones stay until cut
)

// Route is one way to a replica: a backend and a server of a proxy.
type Route struct{ Backend, Server string }

// RouteState is what a proxy says about a route.
type RouteState struct {
	Admission Admission
	WeightPPM int64 // share of the configured weight
	Sessions  int   // running
	// Requests, Errors and ResponseMicros are the proxy's running counts and the
	// mean of its last 1024 answers.
	Requests, Errors, ResponseMicros int64
	// Healthy is false where the proxy's own checks say down.
	Healthy bool
}

// Traffic steers client traffic. All its orders converge: giving one again
// changes nothing.
type Traffic interface {
	State(ctx context.Context, r Route) (RouteState, error)
	Admit(ctx context.Context, r Route, a Admission) error
	// Weight sets the share of the configured weight, in parts per million.
	Weight(ctx context.Context, r Route, ppm int64) error
	// Cut ends the running sessions.
	Cut(ctx context.Context, r Route) error
}

// Tracer is called by drivers at each point between two acts: tests stop, kill
// or delay there. It may be nil.
type Tracer func(point string)

// At calls the tracer where there is one.
func (t Tracer) At(point string) {
	if t != nil {
		t(point)
	}
}
