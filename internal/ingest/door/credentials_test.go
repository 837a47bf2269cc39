package door

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// authority signs certificates for a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.issue("authority", true)
	return a
}

// issue makes a certificate and writes name.pem and name.key.
func (a *authority) issue(name string, isCA bool) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: isCA, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	parent, signer := template, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(a.dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

func TestMutualTLS(t *testing.T) {
	a := newAuthority(t)
	a.issue("localhost", false)
	cfg, err := TLS(a.file("localhost.pem"), a.file("localhost.key"), a.file("authority.pem"))
	if err != nil {
		t.Fatal(err)
	}
	sink := &memory{}
	server := httptest.NewUnstartedServer(newServer(t, sink, nil))
	server.TLS = cfg
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	for name, want := range map[string]int{"agent-1": 200, "agent-2": 401, "": 401} {
		client := &tls.Config{RootCAs: roots, ServerName: "localhost"}
		if name != "" {
			a.issue(name, false)
			pair, err := tls.LoadX509KeyPair(a.file(name+".pem"), a.file(name+".key"))
			if err != nil {
				t.Fatal(err)
			}
			client.Certificates = []tls.Certificate{pair}
		}
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
	a := newAuthority(t)
	if _, err := TLS("none", "none", ""); err == nil {
		t.Error("missing files passed")
	}
	if _, err := TLS(a.file("authority.pem"), a.file("authority.key"), a.file("authority.key")); err == nil {
		t.Error("an authority without a certificate passed")
	}
	if cfg, err := TLS(a.file("authority.pem"), a.file("authority.key"), ""); err != nil || cfg.ClientAuth != tls.NoClientCert {
		t.Errorf("without an authority: %v", err)
	}
}
