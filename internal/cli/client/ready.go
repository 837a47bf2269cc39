package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Ready asks the server's health page what it depends on; "ok" stands for what
// answers.
func (c *Client) Ready(ctx context.Context) (map[string]string, error) {
	answer, err := c.plain(ctx, "/readyz")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	state := map[string]string{}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&state); err != nil {
		return nil, fmt.Errorf("%s/readyz does not answer as Drover does: %w", c.Server, err)
	}
	return state, nil
}

// Clock returns the server's time, in whole seconds.
func (c *Client) Clock(ctx context.Context) (time.Time, error) {
	answer, err := c.plain(ctx, "/healthz")
	if err != nil {
		return time.Time{}, err
	}
	defer answer.Body.Close()
	at, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return time.Time{}, fmt.Errorf("%s tells no time: %w", c.Server, err)
	}
	return at, nil
}

// plain asks for a page outside the API.
func (c *Client) plain(ctx context.Context, path string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Server+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, c.explain(err)
	}
	return answer, nil
}
