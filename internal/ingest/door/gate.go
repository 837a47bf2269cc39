package door

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/remotewrite"
	"drover/internal/ingest/mapping"
)

// gate knows who may send, and keeps what each sender has used of its limits.
type gate struct {
	cfg     Config
	mu      sync.Mutex
	senders map[*Credential]*sender
	// local is the credential of this machine where none are configured.
	local *Credential
}

// sender is one credential's state; what stands below mu is only used under it.
type sender struct {
	credential *Credential

	mu      sync.Mutex
	mapper  *mapping.Mapper
	known   *remotewrite.Known
	points  []format.Point // scratch
	key     []byte         // scratch
	samples bucket
	bytes   bucket
	series  seriesLimit
}

func newGate(cfg Config) *gate {
	return &gate{cfg: cfg, senders: map[*Credential]*sender{},
		local: &Credential{Name: "local", Fleet: cfg.LoopbackFleet, Control: true}}
}

// problem is an error with the HTTP status that says it.
type problem struct {
	status int
	retry  time.Duration // 0: no hint
	err    error
}

func (p *problem) Error() string { return p.err.Error() }
func (p *problem) Unwrap() error { return p.err }

func refuse(status int, format string, args ...any) error {
	return &problem{status: status, err: fmt.Errorf(format, args...)}
}

var errNoCredential = errors.New("send a bearer token in the Authorization header, or a client certificate")

// enter returns the sender behind a credential.
func (g *gate) enter(authorization, remoteAddr string, state *tls.ConnectionState) (*sender, error) {
	c, err := g.credential(authorization, remoteAddr, state)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.senders[c]
	if s == nil {
		opt := format.Options{Fleet: c.Fleet, Producer: c.Name}
		mapper := mapping.NewMapper(g.cfg.Rules, opt)
		s = &sender{credential: c, mapper: mapper, known: remotewrite.NewKnown(mapper.Wants),
			samples: newBucket(c.Limits.SamplesPerSecond), bytes: newBucket(c.Limits.BytesPerSecond),
			series: seriesLimit{most: c.Limits.Series}}
		g.senders[c] = s
	}
	return s, nil
}

func (g *gate) credential(authorization, remoteAddr string, state *tls.ConnectionState) (*Credential, error) {
	if g.cfg.Credentials == nil {
		if !loopback(remoteAddr) {
			return nil, refuse(http.StatusForbidden, "without credentials configured, only this machine may send")
		}
		return g.local, nil
	}
	scheme, token, _ := strings.Cut(authorization, " ")
	if strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "Token") {
		if c := g.cfg.Credentials.token(strings.TrimSpace(token)); c != nil {
			return c, nil
		}
		return nil, refuse(http.StatusUnauthorized, "the token is not known")
	}
	if c := g.cfg.Credentials.certificate(state); c != nil {
		return c, nil
	}
	return nil, &problem{status: http.StatusUnauthorized, err: errNoCredential}
}

// loopback tells whether an address is this machine's own.
func loopback(remoteAddr string) bool {
	host, _, err := net.SplitHostPort(remoteAddr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// spend takes a request's bytes from the sender's limit.
func (s *sender) spend(now time.Time, bytes int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait := s.bytes.take(now, float64(bytes)); wait > 0 {
		return &problem{status: http.StatusTooManyRequests, retry: wait,
			err: fmt.Errorf("more than %v bytes a second", s.credential.Limits.BytesPerSecond)}
	}
	return nil
}
