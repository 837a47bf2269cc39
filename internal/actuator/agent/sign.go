package agent

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Headers of a signed request.
const (
	hostHeader      = "Drover-Host"
	timeHeader      = "Drover-Time"
	signatureHeader = "Drover-Signature"
)

// message is what is signed: for whom, when and what.
func message(host, at string, body []byte) []byte {
	digest := sha256.Sum256(body)
	return append([]byte("drover-agent-1\n"+host+"\n"+at+"\n"), digest[:]...)
}

// Signer returns what signs an executor's requests to one host.
func Signer(host string, key ed25519.PrivateKey, now func() time.Time) func(http.Header, []byte) {
	return func(header http.Header, body []byte) {
		at := now().UTC().Format(time.RFC3339Nano)
		header.Set(hostHeader, host)
		header.Set(timeHeader, at)
		header.Set(signatureHeader, base64.StdEncoding.EncodeToString(ed25519.Sign(key, message(host, at, body))))
	}
}

// verify checks a request's signature by one of the keys. A request that is
// sent again within the skew is answered from the guard's memory.
func verify(header http.Header, body []byte, c *Config) error {
	host, at := header.Get(hostHeader), header.Get(timeHeader)
	if host != c.Host {
		return fmt.Errorf("the request is for host %q, this is %q", host, c.Host)
	}
	when, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return fmt.Errorf("%s: %w", timeHeader, err)
	}
	if age := c.Now().Sub(when); age > c.Skew || age < -c.Skew {
		return fmt.Errorf("the request was signed at %s, more than %v from now", at, c.Skew)
	}
	signature, err := base64.StdEncoding.DecodeString(header.Get(signatureHeader))
	if err != nil {
		return fmt.Errorf("%s: %w", signatureHeader, err)
	}
	for _, key := range c.Keys {
		if ed25519.Verify(key, message(host, at, body), signature) {
			return nil
		}
	}
	return errors.New("the signature is of no known executor")
}
