package access

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// Gate finds out who sends a request.
type Gate struct {
	rules   *Rules // nil: this machine alone
	now     func() time.Time
	byToken map[[sha256.Size]byte]*Token
	client  *http.Client // to the OIDC issuer

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
}

// The reasons why somebody is not let in.
var (
	ErrNoProof = errors.New("who are you? Send Authorization: Bearer TOKEN, or a client certificate")
	ErrUnknown = errors.New("the token is not known here, or has expired")
	ErrRemote  = errors.New("no access rules are configured, so only this machine is let in: start with --access FILE to let others in")
)

// NewGate returns a gate; without rules only requests of this machine come in,
// as admin.
func NewGate(rules *Rules, now func() time.Time) (*Gate, error) {
	g := &Gate{rules: rules, now: now, byToken: map[[sha256.Size]byte]*Token{}, client: http.DefaultClient}
	if rules == nil {
		return g, nil
	}
	for i := range rules.Tokens {
		raw, err := hex.DecodeString(rules.Tokens[i].TokenSHA256)
		if err != nil || len(raw) != sha256.Size {
			return nil, fmt.Errorf("access: tokens[%d]: bad hash", i)
		}
		g.byToken[[sha256.Size]byte(raw)] = &rules.Tokens[i]
	}
	if rules.OIDC != nil && rules.OIDC.CA != "" {
		pem, err := os.ReadFile(rules.OIDC.CA)
		if err != nil {
			return nil, fmt.Errorf("access: oidc.ca: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("access: oidc.ca: %s holds no PEM certificate", rules.OIDC.CA)
		}
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		g.client = &http.Client{Transport: transport, Timeout: 10 * time.Second}
	}
	return g, nil
}

// Open tells whether no rules are there, so that this machine alone is let in.
func (g *Gate) Open() bool { return g.rules == nil }

// Identify returns who sends a request.
func (g *Gate) Identify(r *http.Request) (Principal, error) {
	if g.rules == nil {
		return loopback(r)
	}
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return g.bearer(r.Context(), strings.TrimSpace(token))
	}
	if s := r.TLS; s != nil && len(s.VerifiedChains) > 0 && len(s.VerifiedChains[0]) > 0 {
		name := s.VerifiedChains[0][0].Subject.CommonName
		for i := range g.rules.Certificates {
			if c := &g.rules.Certificates[i]; c.CommonName == name {
				return Principal{Name: name, Role: c.Role, Fleets: c.Fleets, Means: "certificate"}, nil
			}
		}
		return Principal{}, fmt.Errorf("certificate %q is in no rule: %w", name, ErrUnknown)
	}
	return Principal{}, ErrNoProof
}

// bearer looks a token up by its hash, so that the time it takes tells nothing
// about the tokens; what is none of ours may be the OIDC issuer's.
func (g *Gate) bearer(ctx context.Context, token string) (Principal, error) {
	if t := g.byToken[sha256.Sum256([]byte(token))]; t != nil {
		if !t.Expires.IsZero() && g.now().After(t.Expires) {
			return Principal{}, ErrUnknown
		}
		return Principal{Name: t.Name, Role: t.Role, Fleets: t.Fleets, Means: "token"}, nil
	}
	if g.rules.OIDC != nil && strings.Count(token, ".") == 2 {
		return g.identityToken(ctx, token)
	}
	return Principal{}, ErrUnknown
}

// loopback lets this machine's own user in. A request that came through a proxy
// is somebody else's, and one under a foreign host name is a browser that was
// led here (DNS rebinding).
func loopback(r *http.Request) (Principal, error) {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !address.Addr().Unmap().IsLoopback() {
		return Principal{}, ErrRemote
	}
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		if r.Header.Get(h) != "" {
			return Principal{}, ErrRemote
		}
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return Principal{}, fmt.Errorf("host %q is not this machine's: %w", r.Host, ErrRemote)
	}
	return Principal{Name: "local", Role: Admin, Means: "loopback"}, nil
}
