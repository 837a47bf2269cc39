package agent

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// Files name a certificate, its key and the authority that signs the other
// side's certificates, all in PEM.
type Files struct {
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	Authority   string `json:"authority"`
}

// load reads the files.
func (f *Files) load() (tls.Certificate, *x509.CertPool, error) {
	certificate, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("certificate: %w", err)
	}
	text, err := os.ReadFile(f.Authority)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return tls.Certificate{}, nil, fmt.Errorf("authority %s holds no certificate", f.Authority)
	}
	return certificate, pool, nil
}

// Server returns an agent's side: callers without a certificate of the authority
// are turned away.
func (f *Files) Server() (*tls.Config, error) {
	certificate, pool, err := f.load()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}, nil
}

// Client returns an executor's side.
func (f *Files) Client() (*tls.Config, error) {
	certificate, pool, err := f.load()
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}, RootCAs: pool}, nil
}
