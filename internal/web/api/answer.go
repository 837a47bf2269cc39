package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"drover/internal/web/readmodel"
)

// Failure is an answer that is none.
type Failure struct {
	Status  int    `json:"status" doc:"The HTTP status."`
	Message string `json:"error" doc:"What is wrong, and the way out."`
	retry   time.Duration
}

// Error implements error.
func (f *Failure) Error() string { return f.Message }

func notFound(format string, args ...any) error {
	return &Failure{Status: http.StatusNotFound, Message: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return &Failure{Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &Failure{Status: http.StatusConflict, Message: fmt.Sprintf(format, args...)}
}

func tooMany(retry time.Duration) error {
	return &Failure{Status: http.StatusTooManyRequests, Message: "too many requests; wait " + retry.Round(time.Millisecond).String(), retry: retry}
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var f *Failure
	if !errors.As(err, &f) {
		s.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		f = &Failure{Status: http.StatusInternalServerError, Message: "something went wrong here; the log says what"}
		if errors.Is(err, r.Context().Err()) && r.Context().Err() != nil {
			f = &Failure{Status: http.StatusServiceUnavailable, Message: "it took too long; try again"}
		}
	}
	if f.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.retry.Seconds()))))
	}
	if f.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="drover"`)
	}
	s.write(w, r, f.Status, f)
}

// write sends an answer as JSON.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, answer any) {
	body, err := encode(answer)
	if err != nil {
		s.Log.Error("answer can't be written", "path", r.URL.Path, "error", err)
		http.Error(w, `{"status":500,"error":"the answer can't be written; the log says why"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader has gone
}

func encode(answer any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return b.Bytes(), nil
}

// serveCached answers from what is kept as long as nothing has changed, and
// with "not modified" where the reader has it already.
func (s *Server) serveCached(c *call) {
	var version uint64
	s.Model.View(c.fleet, func(f *readmodel.Fleet) { version = f.Version(c.route.Sections...) })
	tag := fmt.Sprintf(`"%d-%d"`, version, s.cache.born)
	h := c.w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	if c.r.Header.Get("If-None-Match") == tag {
		c.w.WriteHeader(http.StatusNotModified)
		return
	}
	key := c.r.URL.Path + "?" + c.r.URL.RawQuery
	body, ok := s.cache.get(key, version)
	if !ok {
		answer, err := c.route.handle(s, c)
		if err == nil {
			body, err = encode(answer)
		}
		if err != nil {
			h.Del("ETag")
			h.Del("Cache-Control")
			s.fail(c.w, c.r, err)
			return
		}
		s.cache.put(key, version, body)
	}
	h.Set("Content-Type", "application/json")
	_, _ = c.w.Write(body) // the reader has gone
}

// maxBody bounds what a request may send.
const maxBody = 64 << 10

// decode reads a JSON body; an empty one leaves the zero value.
func decode(r *http.Request, into any) error {
	if media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); r.ContentLength != 0 && strings.TrimSpace(media) != "application/json" {
		return &Failure{Status: http.StatusUnsupportedMediaType, Message: "want Content-Type: application/json"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &Failure{Status: http.StatusRequestTimeout, Message: "body: it did not come in time"}
	case err != nil:
		return badRequest("body: %v", err)
	case len(body) > maxBody:
		return &Failure{Status: http.StatusRequestEntityTooLarge, Message: fmt.Sprintf("body: more than %d bytes", maxBody)}
	case len(bytes.TrimSpace(body)) == 0:
		return nil
	}
	return decodeJSON(body, into)
}

func decodeJSON(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return badRequest("body: %v", err)
	}
	if d.More() {
		return badRequest("body: more than one JSON value")
	}
	return nil
}
