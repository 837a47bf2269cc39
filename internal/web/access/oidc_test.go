package access

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// issuer is an OIDC issuer on loopback that signs what it is asked to.
type issuer struct {
	t      *testing.T
	server *httptest.Server
	key    *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.server.URL, "jwks_uri": i.server.URL + "/keys", "authorization_endpoint": i.server.URL, "token_endpoint": i.server.URL,
			"id_token_signing_alg_values_supported": []string{"ES256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) sign(key *ecdsa.PrivateKey, claims map[string]any) string {
	i.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return raw
}

func TestIdentityTokensOpenTheGate(t *testing.T) {
	i := newIssuer(t)
	now := time.Now()
	rules := &Rules{OIDC: &OIDC{Issuer: i.server.URL, Audience: "drover", Roles: map[string]Role{"sre": Approver, "all": Viewer}}}
	if err := rules.validate(); err != nil {
		t.Fatal(err)
	}
	g, err := NewGate(rules, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	claims := func(change ...any) map[string]any {
		c := map[string]any{"iss": i.server.URL, "aud": "drover", "sub": "u1", "email": "alice@example.com", "groups": []string{"all", "sre"}, "exp": now.Add(time.Hour).Unix(), "iat": now.Unix()}
		for k := 0; k+1 < len(change); k += 2 {
			c[change[k].(string)] = change[k+1]
		}
		return c
	}
	who, err := g.Identify(request("Authorization", "Bearer "+i.sign(i.key, claims())))
	if err != nil || who.Name != "alice@example.com" || who.Role != Approver || who.Means != "oidc" {
		t.Fatalf("%+v, %v", who, err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for what, raw := range map[string]string{
		"another key": i.sign(other, claims()), "another audience": i.sign(i.key, claims("aud", "mail")), "another issuer": i.sign(i.key, claims("iss", "https://x")),
		"expired": i.sign(i.key, claims("exp", now.Add(-time.Hour).Unix())), "no role": i.sign(i.key, claims("groups", []string{"guests"})), "no groups": i.sign(i.key, claims("groups", 7)),
	} {
		if who, err := g.Identify(request("Authorization", "Bearer "+raw)); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %+v, %v", what, who, err)
		}
	}
}

func TestClaimsGiveFleets(t *testing.T) {
	o := &OIDC{RolesClaim: "groups", NameClaim: "email", Roles: map[string]Role{"a": Viewer, "b": Admin}}
	if err := json.Unmarshal([]byte(`{"a":["demo"]}`), &o.Fleets); err != nil {
		t.Fatal(err)
	}
	for groups, want := range map[string]bool{"a": true, "b": false} {
		p, err := o.principal("u", map[string]any{"groups": groups})
		if err != nil || p.Sees("demo") != want || p.Sees("other") {
			t.Errorf("%s: %+v, %v", groups, p, err)
		}
	}
}

func TestAnIssuerThatIsAwayLetsNobodyIn(t *testing.T) {
	g, err := NewGate(&Rules{OIDC: &OIDC{Issuer: "http://127.0.0.1:1", Audience: "d"}}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if who, err := g.Identify(request("Authorization", "Bearer a.b.c")); err == nil {
		t.Errorf("%+v was let in", who)
	}
	if _, err := NewGate(&Rules{OIDC: &OIDC{CA: "/none"}}, time.Now); err == nil {
		t.Error("an authority's file that is not there is read")
	}
}
