package access

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func request(headers ...string) *http.Request {
	r := httptest.NewRequest("GET", "/api/v1/me", nil)
	r.RemoteAddr, r.Host = "10.0.0.7:4000", "drover.example"
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func TestTokensOpenTheGate(t *testing.T) {
	now := time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)
	token, hash := NewToken()
	old, oldHash := NewToken()
	rules, err := ReadRules([]byte("tokens:\n- {name: alice, role: approver, fleets: [demo], token_sha256: " + hash + "}\n- {name: bob, role: viewer, expires: 2026-03-12T08:00:00Z, token_sha256: " + oldHash + "}\n"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := NewGate(rules, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	who, err := g.Identify(request("Authorization", "Bearer "+token))
	if err != nil || who.Name != "alice" || who.Role != Approver || !who.Sees("demo") || who.Sees("other") || who.Ambient() {
		t.Errorf("%+v, %v", who, err)
	}
	for _, bad := range []string{"Bearer " + old, "Bearer " + hash, "Bearer ", "Bearer a.b.c", "Bearer x", "Basic " + token} {
		if who, err := g.Identify(request("Authorization", bad)); err == nil {
			t.Errorf("%.20s lets in %+v", bad, who)
		}
	}
	if _, err := g.Identify(request()); !errors.Is(err, ErrNoProof) {
		t.Errorf("no proof: %v", err)
	}
}

func TestRulesWithMistakesAreRefused(t *testing.T) {
	_, hash := NewToken()
	for want, text := range map[string]string{
		"nobody could come in": "tokens: []",
		"name is empty":        "tokens: [{role: viewer, token_sha256: " + hash + "}]",
		"want viewer":          "tokens: [{name: a, role: king, token_sha256: " + hash + "}]",
		"role: want":           "tokens: [{name: a, token_sha256: " + hash + "}]",
		"64 hexadecimal":       "tokens: [{name: a, role: viewer, token_sha256: secret}]",
		"same token":           "tokens: [{name: a, role: viewer, token_sha256: " + hash + "}, {name: b, role: viewer, token_sha256: " + hash + "}]",
		"common_name":          "certificates: [{role: viewer}]",
		"oidc.issuer":          "oidc: {issuer: http://login.example, audience: d, roles: {a: viewer}}",
		"oidc.audience":        "oidc: {issuer: https://login.example, roles: {a: viewer}}",
		"oidc.roles":           "oidc: {issuer: https://login.example, audience: d}",
		"not found in type":    "tokenz: []",
		"access:":              "[",
	} {
		if _, err := ReadRules([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := LoadRules("/none"); err == nil {
		t.Error("a file that is not there is read")
	}
}

func TestOnlyThisMachineComesInWithoutRules(t *testing.T) {
	g, err := NewGate(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		remote, host, header string
		in                   bool
	}{
		{"127.0.0.1:9", "127.0.0.1:8080", "", true}, {"127.0.0.1:9", "localhost:8080", "", true}, {"[::1]:9", "[::1]:8080", "", true}, {"127.0.0.1:9", "localhost", "", true},
		{"[::ffff:127.0.0.1]:9", "127.0.0.1", "", true}, {"10.0.0.7:9", "127.0.0.1:8080", "", false}, {"127.0.0.1:9", "evil.example", "", false},
		{"127.0.0.1:9", "127.0.0.1.evil.example", "", false}, {"127.0.0.1:9", "localhost", "X-Forwarded-For", false}, {"nonsense", "localhost", "", false},
	} {
		r := request()
		r.RemoteAddr, r.Host = c.remote, c.host
		if c.header != "" {
			r.Header.Set(c.header, "10.0.0.9")
		}
		who, err := g.Identify(r)
		if (err == nil) != c.in || c.in && (who.Role != Admin || !who.Ambient()) {
			t.Errorf("%+v: %+v, %v", c, who, err)
		}
	}
}

func TestCertificatesOpenTheGate(t *testing.T) {
	rules, err := ReadRules([]byte("certificates: [{common_name: night-shift, role: operator}]"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := NewGate(rules, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Role{"night-shift": Operator, "stranger": Public} {
		r := request()
		cert := &x509.Certificate{Subject: pkix.Name{CommonName: name}}
		r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{cert}}, PeerCertificates: []*x509.Certificate{cert}}
		who, err := g.Identify(r)
		if who.Role != want || (err == nil) != (want != Public) {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
		r.TLS.VerifiedChains = nil // sent, but signed by nobody we know
		if _, err := g.Identify(r); err == nil {
			t.Errorf("%s: a certificate that was not verified lets in", name)
		}
	}
}

func TestCallersAreLimited(t *testing.T) {
	now := time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)
	l := NewLimiter(2, 3, func() time.Time { return now })
	passed := 0
	for range 10 {
		if ok, retry := l.Allow("a"); ok {
			passed++
		} else if retry <= 0 || retry > time.Second {
			t.Errorf("wait %v", retry)
		}
	}
	if ok, _ := l.Allow("b"); passed != 3 || !ok {
		t.Errorf("%d of a passed, want 3; b passed: %v", passed, ok)
	}
	now = now.Add(time.Hour)
	if ok, _ := l.Allow("c"); !ok || len(l.seen) != 1 {
		t.Errorf("%d callers remembered after an hour, want one", len(l.seen))
	}
}

func TestRolesRead(t *testing.T) {
	for _, r := range []Role{Viewer, Operator, Approver, Admin} {
		var back Role
		text, _ := r.MarshalText()
		if err := back.UnmarshalText(text); err != nil || back != r {
			t.Errorf("%s: %v, %v", text, back, err)
		}
	}
	var r Role
	if r.UnmarshalText([]byte("public")) == nil || Role(99).String() != "role(99)" {
		t.Error("somebody may be given the role public")
	}
}

func FuzzReadRules(f *testing.F) {
	f.Add([]byte("tokens: [{name: a, role: viewer}]"))
	f.Add([]byte("oidc: {issuer: 'https://x', audience: d, roles: {a: admin}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if rules, err := ReadRules(text); err == nil {
			if _, err := NewGate(rules, time.Now); err != nil {
				t.Errorf("rules that were taken make no gate: %v", err)
			}
		}
	})
}
