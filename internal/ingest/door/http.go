package door

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
)

// open finds the sender of a request and reads its body, unpacked if it is gzip.
func (s *Server) open(r *http.Request) (*sender, []byte, error) {
	from, err := s.gate.enter(r.Header.Get("Authorization"), r.RemoteAddr, r.TLS)
	if err != nil {
		return nil, nil, err
	}
	body, err := s.readAll(r.Body, r.ContentLength)
	if err != nil {
		return nil, nil, err
	}
	if err := from.spend(s.cfg.Now(), len(body)); err != nil {
		return nil, nil, err
	}
	if r.Header.Get("Content-Encoding") == "gzip" {
		packed, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, nil, refuse(http.StatusBadRequest, "body: %w", err)
		}
		if body, err = s.readAll(packed, -1); err != nil {
			return nil, nil, err
		}
	}
	return from, body, nil
}

// mostAhead is how much memory a body gets because its sender says that it is
// that large.
const mostAhead = 1 << 20

// readAll reads up to the limit. size is what the sender says, or -1.
func (s *Server) readAll(r io.Reader, size int64) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, bytes.MinRead+min(max(size, 0), mostAhead, s.cfg.MaxBodyBytes)))
	_, err := buf.ReadFrom(io.LimitReader(r, s.cfg.MaxBodyBytes+1))
	body := buf.Bytes()
	switch {
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "body: %w", err)
	case int64(len(body)) > s.cfg.MaxBodyBytes:
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes: send it in parts", s.cfg.MaxBodyBytes)
	}
	return body, nil
}

// rooms are memory for unpacked bodies, used again and again.
type rooms struct{ pool sync.Pool }

// mostRoom is the largest room that is kept.
const mostRoom = 4 << 20

func (r *rooms) get() *[]byte {
	if room, ok := r.pool.Get().(*[]byte); ok {
		return room
	}
	return new([]byte)
}

func (r *rooms) put(room *[]byte) {
	if cap(*room) <= mostRoom {
		r.pool.Put(room)
	}
}

// statusOf returns the status that an error asks for, and sets the headers that
// go with it.
func statusOf(h http.Header, err error) int {
	var p *problem
	if !errors.As(err, &p) {
		return http.StatusInternalServerError
	}
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retry.Seconds()))))
	}
	if p.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="drover"`)
	}
	return p.status
}

// fail answers with an error as plain text.
func fail(w http.ResponseWriter, err error) { http.Error(w, err.Error(), statusOf(w.Header(), err)) }

// rejection describes what was refused of a request that was otherwise taken.
func (r result) rejection() string {
	return fmt.Sprintf("%d records refused, %d taken: %v", r.rejected, r.read, r.first)
}
