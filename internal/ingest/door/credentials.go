package door

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"

	"drover/internal/model"
)

// Limits bound what a credential may send; zero fields bound nothing.
type Limits struct {
	// Series is the number of different series within an hour.
	Series int `yaml:"series"`
	// SamplesPerSecond and BytesPerSecond are averages; ten seconds' worth may
	// come at once.
	SamplesPerSecond float64 `yaml:"samples_per_second"`
	BytesPerSecond   float64 `yaml:"bytes_per_second"`
}

// Credential is one producer that may send.
type Credential struct {
	// Name goes into every event as its producer.
	Name string `yaml:"name"`
	// TokenSHA256 is the SHA-256 of the bearer token in hexadecimal: tokens are
	// random, so that a plain hash is enough to keep the file from giving them away.
	TokenSHA256 string `yaml:"token_sha256"`
	// CertificateCN is the common name of a client certificate (mutual TLS).
	CertificateCN string        `yaml:"certificate_cn"`
	Fleet         model.FleetID `yaml:"fleet"`
	// Control allows orders (model.Control) besides measurements.
	Control bool   `yaml:"control"`
	Limits  Limits `yaml:"limits"`
}

// Credentials are all producers that may send, by token and by certificate.
type Credentials struct {
	byToken map[[sha256.Size]byte]*Credential
	byCN    map[string]*Credential
}

// ReadCredentials reads a YAML document with a list "credentials".
func ReadCredentials(data []byte) (*Credentials, error) {
	var file struct {
		Credentials []*Credential `yaml:"credentials"`
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	c := &Credentials{byToken: map[[sha256.Size]byte]*Credential{}, byCN: map[string]*Credential{}}
	for i, one := range file.Credentials {
		if err := c.add(one); err != nil {
			return nil, fmt.Errorf("credentials[%d]: %w", i, err)
		}
	}
	return c, nil
}

// LoadCredentials reads a credentials file.
func LoadCredentials(path string) (*Credentials, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	return ReadCredentials(data)
}

func (c *Credentials) add(one *Credential) error {
	switch {
	case one == nil || one.Name == "":
		return errors.New("name is empty")
	case one.Fleet == "":
		return fmt.Errorf("%q: fleet is empty", one.Name)
	case one.TokenSHA256 == "" && one.CertificateCN == "":
		return fmt.Errorf("%q: want token_sha256 or certificate_cn", one.Name)
	}
	if one.TokenSHA256 != "" {
		raw, err := hex.DecodeString(one.TokenSHA256)
		if err != nil || len(raw) != sha256.Size {
			return fmt.Errorf("%q: token_sha256: want 64 hexadecimal digits", one.Name)
		}
		key := [sha256.Size]byte(raw)
		if other := c.byToken[key]; other != nil {
			return fmt.Errorf("%q has the same token as %q", one.Name, other.Name)
		}
		c.byToken[key] = one
	}
	if one.CertificateCN != "" {
		if other := c.byCN[one.CertificateCN]; other != nil {
			return fmt.Errorf("%q has the same certificate as %q", one.Name, other.Name)
		}
		c.byCN[one.CertificateCN] = one
	}
	return nil
}

// token returns the credential of a bearer token. The lookup is by hash, so its
// time tells nothing about the tokens.
func (c *Credentials) token(token string) *Credential { return c.byToken[sha256.Sum256([]byte(token))] }

// certificate returns the credential of a verified client certificate.
func (c *Credentials) certificate(state *tls.ConnectionState) *Credential {
	if state == nil || len(state.VerifiedChains) == 0 || len(state.VerifiedChains[0]) == 0 {
		return nil
	}
	return c.byCN[state.VerifiedChains[0][0].Subject.CommonName]
}

// NewToken returns a random bearer token and the hash to keep of it.
func NewToken() (token, tokenSHA256 string, err error) {
	var raw [32]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", "", fmt.Errorf("token: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(raw[:])
	sum := sha256.Sum256([]byte(token))
	return token, hex.EncodeToString(sum[:]), nil
}

// TLS returns the configuration of a door behind TLS. With a client authority,
// certificates it has signed are accepted as credentials.
func TLS(certFile, keyFile, clientCAFile string) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if clientCAFile == "" {
		return cfg, nil
	}
	pem, err := os.ReadFile(clientCAFile)
	if err != nil {
		return nil, fmt.Errorf("tls: client authority: %w", err)
	}
	cfg.ClientCAs = x509.NewCertPool()
	if !cfg.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("tls: client authority %s: no certificate in it", clientCAFile)
	}
	cfg.ClientAuth = tls.VerifyClientCertIfGiven
	return cfg, nil
}
