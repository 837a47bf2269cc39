// Package authority makes certificates for tests: an authority of a test's own,
// which signs for this machine and keeps everything in files.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates. A fault ends the test.
type Authority struct {
	Cert *x509.Certificate
	Dir  string // where the files are

	t      testing.TB
	key    *ecdsa.PrivateKey
	serial int64
}

// Identity is where a certificate, its key and its authority lie, as PEM; Both is
// one file with the key and the certificate.
type Identity struct{ Cert, Key, Both, CA string }

// New returns an authority that lives as long as the test.
func New(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t, Dir: t.TempDir()}
	template := a.template("authority")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	a.sign("ca", template)
	return a
}

// Self returns the authority's own certificate and key.
func (a *Authority) Self() Identity { return a.identity("ca") }

// Issue signs a certificate for this machine; without usages it serves as a
// server's and as a client's.
func (a *Authority) Issue(name string, usages ...x509.ExtKeyUsage) Identity {
	a.t.Helper()
	template := a.template(name)
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, usages
	if len(usages) == 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	template.IPAddresses, template.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
	return a.sign(name, template)
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

func (a *Authority) template(name string) *x509.Certificate {
	a.serial++
	return &x509.Certificate{SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
}

// sign signs a certificate, by itself where there is no authority yet, and writes
// it with a key of its own.
func (a *Authority) sign(name string, template *x509.Certificate) Identity {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	parent, signer := a.Cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	if a.Cert == nil {
		if a.Cert, err = x509.ParseCertificate(der); err != nil {
			a.t.Fatal(err)
		}
		a.key = key
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	id := a.identity(name)
	cert, secret := block("CERTIFICATE", der), block("PRIVATE KEY", raw)
	a.Write(name+".pem", cert)
	a.Write(name+".key", secret)
	a.Write(name+".both.pem", append(secret, cert...))
	return id
}

func (a *Authority) identity(name string) Identity {
	at := func(file string) string { return filepath.Join(a.Dir, file) }
	return Identity{Cert: at(name + ".pem"), Key: at(name + ".key"), Both: at(name + ".both.pem"), CA: at("ca.pem")}
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

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
