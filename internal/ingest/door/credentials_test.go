package door

import (
	"crypto/tls"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"drover/tests/authority"
)

func TestCredentialFaults(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for _, text := range []string{
		"credentials: 5", "other: 1", "credentials: [{}]", "credentials: [{name: a, token_sha256: " + hash + "}]",
		"credentials: [{name: a, fleet: f}]", "credentials: [{name: a, fleet: f, token_sha256: secret}]",
		"credentials: [{name: a, fleet: f, token_sha256: " + hash + "}, {name: b, fleet: f, token_sha256: " + hash + "}]",
		"credentials: [{name: a, fleet: f, certificate_cn: x}, {name: b, fleet: f, certificate_cn: x}]",
	} {
		if _, err := ReadCredentials([]byte(text)); err == nil {
			t.Errorf("%s passed", text)
		}
	}
	if _, err := LoadCredentials(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a missing file passed")
	}
}

func TestNewToken(t *testing.T) {
	token, hash, err := NewToken()
	if err != nil {
		t.Fatal(err)
	}
	if hash != hex.EncodeToString(sum(token)) || len(token) < 40 {
		t.Errorf("token %q, hash %q", token, hash)
	}
	c, err := ReadCredentials([]byte("credentials: [{name: a, fleet: f, token_sha256: " + hash + "}]"))
	if err != nil {
		t.Fatal(err)
	}
	if c.token(token) == nil || c.token(token+"x") != nil {
		t.Error("the token is not found, or another is")
	}
}

func TestMutualTLS(t *testing.T) {
	a := authority.New(t)
	door := a.Issue("localhost")
	cfg, err := TLS(door.Cert, door.Key, door.CA)
	if err != nil {
		t.Fatal(err)
	}
	sink := &memory{}
	server := httptest.NewUnstartedServer(newServer(t, sink, nil))
	server.TLS = cfg
	server.StartTLS()
	defer server.Close()
	for name, want := range map[string]int{"agent-1": 200, "agent-2": 401, "": 401} {
		client := a.Client()
		if name != "" {
			client = a.Client(a.Issue(name))
		}
		client.ServerName = "localhost"
		c := http.Client{Transport: &http.Transport{TLSClientConfig: client}}
		response, err := c.Post(server.URL+"/v1/events", "application/json", strings.NewReader(`{"type":"control","id":"k","kind":"pause"}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("certificate %q: status %d, want %d", name, response.StatusCode, want)
		}
		c.CloseIdleConnections()
	}
	if got := sink.lines(t); strings.Count(got, `"type":"control"`) != 1 {
		t.Errorf("taken %s", got)
	}
}

func TestTLSFaults(t *testing.T) {
	self := authority.New(t).Self()
	if _, err := TLS("none", "none", ""); err == nil {
		t.Error("missing files passed")
	}
	if _, err := TLS(self.Cert, self.Key, self.Key); err == nil {
		t.Error("an authority without a certificate passed")
	}
	if cfg, err := TLS(self.Cert, self.Key, ""); err != nil || cfg.ClientAuth != tls.NoClientCert {
		t.Errorf("without an authority: %v", err)
	}
}
