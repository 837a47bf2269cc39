package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/stage"
	"drover/internal/web/access"
	"drover/internal/web/readmodel"
)

// Publisher takes orders and audit events; it returns once they are durable.
type Publisher interface {
	PublishAll(ctx context.Context, emissions []stage.Emission) error
}

// Letters deals with refused records, by the ids they are listed under; it
// returns once that is durable. An id that is not there any more is an error
// that matches ErrNoLetter, and nothing is done for any of them.
type Letters interface {
	Replay(ctx context.Context, fleet model.FleetID, ids []string) error
	Drop(ctx context.Context, fleet model.FleetID, ids []string) error
}

// ErrNoLetter says that a dead letter is not there (any more).
var ErrNoLetter = errors.New("no such dead letter")

// Config is what the API is made of.
type Config struct {
	Model     *readmodel.Model
	Publisher Publisher
	Letters   Letters // nil: dead letters are shown only
	Gate      *access.Gate
	// Planning gives the policy by which what-if questions about a fleet are
	// answered.
	Planning func(model.FleetID) scenario.Config
	// Version stands in the OpenAPI document and in /me.
	Version string
	Log     *slog.Logger
	Now     func() time.Time
	// Ended, where set, is closed when the program ends: streams end with it.
	Ended <-chan struct{}
	// NewID makes the identity of an order.
	NewID func() string
}

// Server answers requests.
type Server struct {
	Config
	mux       *http.ServeMux
	limiters  map[Class]*access.Limiter
	strangers *access.Limiter
	cache     *cache
	outlooks  *outlooks
	asking    chan struct{} // one what-if at a time
}

// New returns the API; it serves every path below /api/v1.
func New(c Config) (*Server, error) {
	if c.Model == nil || c.Publisher == nil || c.Gate == nil {
		return nil, errors.New("api: Model, Publisher and Gate are needed")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.NewID == nil {
		c.NewID = randomID
	}
	s := &Server{Config: c, mux: http.NewServeMux(), cache: newCache(), outlooks: newOutlooks(), asking: make(chan struct{}, 1),
		strangers: access.NewLimiter(1, 30, c.Now),
		limiters: map[Class]*access.Limiter{
			Read: access.NewLimiter(50, 200, c.Now), Change: access.NewLimiter(5, 20, c.Now),
			Question: access.NewLimiter(0.5, 5, c.Now), Stream: access.NewLimiter(5, 20, c.Now),
		}}
	for _, route := range Routes() {
		s.mux.HandleFunc(route.Method+" "+route.Path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, &route) })
	}
	s.mux.HandleFunc(base+"/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, notFound("no operation %s %s; GET %s/openapi.json lists them", r.Method, r.URL.Path, base))
	})
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	access.SecurityHeaders(w.Header(), r)
	s.mux.ServeHTTP(w, r)
}

// call is one request that has been let in.
type call struct {
	route *Route
	w     http.ResponseWriter
	r     *http.Request
	who   access.Principal
	fleet model.FleetID
	at    model.Instant // 0: now
}

// serve lets a request in or refuses it, then answers.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, route *Route) {
	c := &call{route: route, w: w, r: r, fleet: model.FleetID(r.PathValue("fleet"))}
	if route.Class == Stream {
		c.fleet = model.FleetID(r.URL.Query().Get("fleet"))
	}
	if err := s.admit(c); err != nil {
		s.fail(w, r, err)
		return
	}
	if timeout := timeouts[route.Class]; timeout > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		c.r = r.WithContext(ctx)
		// A body that comes byte by byte would hold the request for ever.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(timeout)) // tests' recorders have none
	}
	if len(route.Sections) > 0 {
		s.serveCached(c)
		return
	}
	answer, err := route.handle(s, c)
	switch {
	case errors.Is(err, errServed):
	case err != nil:
		s.fail(w, r, err)
	default:
		s.write(w, r, max(route.Status, http.StatusOK), answer)
	}
}

var timeouts = map[Class]time.Duration{Read: 10 * time.Second, Change: 10 * time.Second, Question: time.Minute}

// errServed says that the handler has written the answer itself.
var errServed = errors.New("served")

// admit checks who asks, how often, from which site, and for which fleet.
func (s *Server) admit(c *call) error {
	who, err := s.Gate.Identify(c.r)
	if err != nil && c.route.Role > access.Public {
		if ok, retry := s.strangers.Allow(access.Address(c.r)); !ok {
			return tooMany(retry)
		}
		return &Failure{Status: http.StatusUnauthorized, Message: err.Error()}
	}
	c.who = who
	if who.Role < c.route.Role {
		return &Failure{Status: http.StatusForbidden, Message: "needs the role " + c.route.Role.String() + "; " + who.Name + " is " + who.Role.String()}
	}
	if err := access.SameSite(c.r, &who); err != nil {
		return &Failure{Status: http.StatusForbidden, Message: err.Error()}
	}
	name := who.Name
	if name == "" {
		name = access.Address(c.r)
	}
	if ok, retry := s.limiters[c.route.Class].Allow(name); !ok {
		return tooMany(retry)
	}
	if c.fleet != "" && (!who.Sees(c.fleet) || !s.Model.View(c.fleet, func(*readmodel.Fleet) {})) {
		return notFound("no fleet %q, or none that you may see; GET %s/fleets lists them", c.fleet, base)
	}
	return s.readTime(c)
}

func (s *Server) readTime(c *call) error {
	text := c.r.URL.Query().Get("at")
	if text == "" {
		return nil
	}
	at, err := model.ParseInstant(text)
	if err != nil {
		return badRequest("at: %v", err)
	}
	c.at = at
	return nil
}
