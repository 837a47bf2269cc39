// Package client talks to Drover's HTTP API for the command line: which server
// and fleet is meant (flags, environment, contexts in a file), how one proves
// oneself, and errors that say what to do next.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"drover/internal/web/access"
	"drover/internal/web/api"
)

// Client asks one server about one fleet.
type Client struct {
	Server string // for example http://127.0.0.1:8080
	Fleet  string // empty until Resolve
	token  string
	http   http.Client
}

// New returns a client for a context.
func New(c Context) (*Client, error) {
	u, err := url.Parse(c.Server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("--server %q: want a URL such as http://127.0.0.1:8080", c.Server)
	}
	out := &Client{Server: strings.TrimRight(c.Server, "/"), Fleet: c.Fleet, http: http.Client{Timeout: 70 * time.Second}}
	if c.TokenFile != "" {
		text, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("--token-file: %w", err)
		}
		if out.token = strings.TrimSpace(string(text)); out.token == "" {
			return nil, fmt.Errorf("--token-file %s: it is empty", c.TokenFile)
		}
	}
	secure, err := c.tls()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = secure
	out.http.Transport = transport
	return out, nil
}

func (c *Context) tls() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca %s: it holds no PEM certificate", c.CA)
		}
	}
	if c.Cert != "" || c.Key != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("--cert and --key: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// Resolve finds the fleet where none was named: the only one there is.
func (c *Client) Resolve(ctx context.Context) error {
	if c.Fleet != "" {
		return nil
	}
	var page api.Page[api.Fleet]
	if err := c.Get(ctx, "/fleets", nil, &page); err != nil {
		return err
	}
	var names []string
	for _, f := range page.Items {
		names = append(names, string(f.ID))
	}
	switch len(names) {
	case 0:
		return fmt.Errorf("%s knows no fleet yet, or none that you may see; wait until something has been sent", c.Server)
	case 1:
		c.Fleet = names[0]
		return nil
	}
	return fmt.Errorf("%s knows several fleets; name one with --fleet: %s", c.Server, strings.Join(names, ", "))
}

// Path returns the path of something of the fleet; parts are escaped.
func (c *Client) Path(parts ...string) string {
	out := "/fleets/" + url.PathEscape(c.Fleet)
	for _, p := range parts {
		out += "/" + url.PathEscape(p)
	}
	return out
}

// Get asks for a path below /api/v1.
func (c *Client) Get(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.do(ctx, http.MethodGet, path, nil, into)
}

// Post sends an order or a question.
func (c *Client) Post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	return c.do(ctx, http.MethodPost, path, bytes.NewReader(text), into)
}

func (c *Client) do(ctx context.Context, method, path string, body io.Reader, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, c.Server+"/api/v1"+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set(access.CSRFHeader, "1")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return c.explain(err)
	}
	defer answer.Body.Close()
	const most = 256 << 20
	text, err := io.ReadAll(io.LimitReader(answer.Body, most))
	if err != nil {
		return fmt.Errorf("%s: %w", c.Server, err)
	}
	if answer.StatusCode/100 != 2 {
		return c.refused(answer.StatusCode, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s does not answer as Drover does: %w; is --server right?", c.Server, err)
	}
	return nil
}

// explain says what to do where nobody answers.
func (c *Client) explain(err error) error {
	var refused *net.OpError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &unknown):
		return fmt.Errorf("%s: %w; name its authority with --ca FILE", c.Server, err)
	case errors.As(err, &refused):
		return fmt.Errorf("nobody answers at %s: %w; start `drover up` or `drover web`, or name another with --server", c.Server, refused.Err)
	}
	return fmt.Errorf("%s: %w", c.Server, err)
}

// refused says what to do where the server says no.
func (c *Client) refused(status int, text []byte) error {
	var f api.Failure
	if json.Unmarshal(text, &f) != nil || f.Message == "" {
		return fmt.Errorf("%s answers %d %s; is --server right?", c.Server, status, http.StatusText(status))
	}
	switch status {
	case http.StatusUnauthorized:
		return fmt.Errorf("%s; give --token-file FILE, or --cert and --key", f.Message)
	case http.StatusForbidden:
		return fmt.Errorf("%s; ask someone who may, or use another --context", f.Message)
	}
	return errors.New(f.Message)
}
