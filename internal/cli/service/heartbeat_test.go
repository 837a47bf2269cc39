package service

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// beats keeps what it is told, or fails.
type beats struct {
	at    model.Instant
	final bool
	fail  error
}

func (b *beats) Heartbeat(_ context.Context, at model.Instant, final bool) error {
	b.at, b.final = at, final
	return b.fail
}

func TestHeartbeatsOfASender(t *testing.T) {
	nine := model.InstantOf(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC))
	for _, c := range []struct {
		name, body, from string
		fail             error
		status           int
		at               model.Instant
		final            bool
	}{
		{"a beat", `{"at":"2026-03-12T09:00:00Z"}`, "127.0.0.1:9", nil, http.StatusNoContent, nine, false},
		{"the last", `{"at":"2026-03-12T09:00:00Z","final":true}`, "[::1]:9", nil, http.StatusNoContent, nine, true},
		{"from elsewhere", `{"at":"2026-03-12T09:00:00Z"}`, "10.0.0.1:9", nil, http.StatusForbidden, 0, false},
		{"no time", `{}`, "127.0.0.1:9", nil, http.StatusBadRequest, 0, false},
		{"a misspelt field", `{"at":"2026-03-12T09:00:00Z","last":true}`, "127.0.0.1:9", nil, http.StatusBadRequest, 0, false},
		{"no JSON", `now`, "127.0.0.1:9", nil, http.StatusBadRequest, 0, false},
		{"no broker", `{"at":"2026-03-12T09:00:00Z"}`, "127.0.0.1:9", errors.New("down"), http.StatusServiceUnavailable, nine, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := &beats{fail: c.fail}
			request := httptest.NewRequest(http.MethodPost, "/v1/heartbeat", strings.NewReader(c.body))
			request.RemoteAddr = c.from
			answer := httptest.NewRecorder()
			heartbeats(got).ServeHTTP(answer, request)
			if answer.Code != c.status || got.at != c.at || got.final != c.final {
				t.Errorf("status %d (%s), at %v, final %v; want %d, %v, %v", answer.Code, answer.Body, got.at, got.final, c.status, c.at, c.final)
			}
		})
	}
}
