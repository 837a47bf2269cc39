package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// Signer signs certificates for a program that isn't a test: it returns faults
// in place of ending one. Everything is in files of one folder.
type Signer struct {
	Cert *x509.Certificate
	Dir  string // where the files are

	key    *ecdsa.PrivateKey
	serial int64
}

// In makes an authority in a folder.
func In(dir string) (*Signer, error) {
	s := &Signer{Dir: dir}
	template := s.Template("authority")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	_, err := s.Sign("ca", template)
	return s, err
}

// Template returns a certificate to be signed, of a name in groups, which is good
// for a day.
func (s *Signer) Template(name string, groups ...string) *x509.Certificate {
	s.serial++
	return &x509.Certificate{SerialNumber: big.NewInt(s.serial), Subject: pkix.Name{CommonName: name, Organization: groups},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
}

// Sign signs a certificate, by itself where there is no authority yet, and writes
// it with a key of its own.
func (s *Signer) Sign(name string, template *x509.Certificate) (Identity, error) {
	id := s.Identity(name)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return id, fmt.Errorf("certificate %s: %w", name, err)
	}
	parent, signer := s.Cert, s.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return id, fmt.Errorf("certificate %s: %w", name, err)
	}
	if s.Cert == nil {
		if s.Cert, err = x509.ParseCertificate(der); err != nil {
			return id, fmt.Errorf("certificate %s: %w", name, err)
		}
		s.key = key
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return id, fmt.Errorf("certificate %s: %w", name, err)
	}
	cert, secret := block("CERTIFICATE", der), block("PRIVATE KEY", raw)
	for _, file := range []struct {
		path string
		text []byte
	}{{id.Cert, cert}, {id.Key, secret}, {id.Both, append(secret, cert...)}} {
		if err := os.WriteFile(file.path, file.text, 0o600); err != nil {
			return id, fmt.Errorf("certificate %s: %w", name, err)
		}
	}
	return id, nil
}

// Identity returns where a certificate of that name lies.
func (s *Signer) Identity(name string) Identity {
	at := func(file string) string { return filepath.Join(s.Dir, file) }
	return Identity{Cert: at(name + ".pem"), Key: at(name + ".key"), Both: at(name + ".both.pem"), CA: at("ca.pem")}
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
