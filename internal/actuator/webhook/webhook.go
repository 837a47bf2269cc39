// Package webhook asks a driver over HTTP: every request is a POST of one JSON
// object, answered by 200 and one JSON object. Drover's own agents are asked in
// the same way, with signed requests over mutual TLS.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"drover/internal/actuator/protocol"
)

// maxResponse bounds a response's body, in bytes.
const maxResponse = 1 << 20

// Endpoint is where a driver is asked.
type Endpoint struct {
	URL string
	// Client makes the requests; nil: http.DefaultClient. For an agent it holds
	// the certificates.
	Client *http.Client
	// Sign, where set, adds to each request what its receiver checks.
	Sign func(header http.Header, body []byte)
}

// New returns the driver.
func New(e Endpoint) *protocol.Client { return protocol.NewClient(e) }

// Call posts one request.
func (e Endpoint) Call(ctx context.Context, r protocol.Request) (protocol.Response, error) {
	var response protocol.Response
	body, err := json.Marshal(r)
	if err != nil {
		return response, fmt.Errorf("webhook: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return response, fmt.Errorf("webhook: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	if e.Sign != nil {
		e.Sign(request.Header, body)
	}
	client := e.Client
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(request)
	if err != nil {
		return response, fmt.Errorf("webhook: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxResponse))
	if err != nil {
		return response, fmt.Errorf("webhook %s: %w", e.URL, err)
	}
	if answer.StatusCode != http.StatusOK {
		return response, fmt.Errorf("webhook %s: %s: %.200s", e.URL, answer.Status, text)
	}
	if err := json.Unmarshal(text, &response); err != nil {
		return response, fmt.Errorf("webhook %s: its answer isn't JSON: %w", e.URL, err)
	}
	return response, nil
}
