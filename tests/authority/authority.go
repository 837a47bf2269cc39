// Package authority makes certificates for tests: an authority of a test's own,
// which signs for this machine and keeps everything in files.
package authority

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// Authority signs certificates. A fault ends the test.
type Authority struct {
	*Signer
	t testing.TB
}

// Identity is where a certificate, its key and its authority lie, as PEM; Both is
// one file with the key and the certificate.
type Identity struct{ Cert, Key, Both, CA string }

// New returns an authority that lives as long as the test.
func New(t testing.TB) *Authority {
	t.Helper()
	s, err := In(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &Authority{s, t}
}

// Self returns the authority's own certificate and key.
func (a *Authority) Self() Identity { return a.Identity("ca") }

// Issue signs a certificate for this machine; without usages it serves as a
// server's and as a client's.
func (a *Authority) Issue(name string, usages ...x509.ExtKeyUsage) Identity {
	a.t.Helper()
	template := a.Template(name)
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, usages
	if len(usages) == 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	template.IPAddresses, template.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
	id, err := a.Sign(name, template)
	if err != nil {
		a.t.Fatal(err)
	}
	return id
}

// Client returns how a client that trusts this authority connects, showing
// certificates where some are given.
func (a *Authority) Client(shown ...Identity) *tls.Config {
	a.t.Helper()
	c := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	c.RootCAs.AddCert(a.Cert)
	for _, id := range shown {
		pair, err := tls.LoadX509KeyPair(id.Cert, id.Key)
		if err != nil {
			a.t.Fatal(err)
		}
		c.Certificates = append(c.Certificates, pair)
	}
	return c
}

// Write puts another file beside the certificates and returns its path.
func (a *Authority) Write(name string, data []byte) string {
	a.t.Helper()
	path := filepath.Join(a.Dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}
