package access

import (
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter bounds how often each caller may ask. Callers that have been quiet
// for ten minutes are forgotten.
type Limiter struct {
	every rate.Limit
	burst int
	now   func() time.Time
	mu    sync.Mutex
	seen  map[string]*caller
	swept time.Time
}

type caller struct {
	bucket *rate.Limiter
	last   time.Time
}

// NewLimiter allows so many requests a second, and burst at once.
func NewLimiter(perSecond float64, burst int, now func() time.Time) *Limiter {
	return &Limiter{every: rate.Limit(perSecond), burst: burst, now: now, seen: map[string]*caller{}, swept: now()}
}

// Allow takes one request of a caller; retry is how long to wait where it is
// one too many.
func (l *Limiter) Allow(who string) (ok bool, retry time.Duration) {
	const quiet = 10 * time.Minute
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if now.Sub(l.swept) > quiet {
		for name, c := range l.seen {
			if now.Sub(c.last) > quiet {
				delete(l.seen, name)
			}
		}
		l.swept = now
	}
	c := l.seen[who]
	if c == nil {
		c = &caller{bucket: rate.NewLimiter(l.every, l.burst)}
		l.seen[who] = c
	}
	c.last = now
	r := c.bucket.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return false, wait
	}
	return true, 0
}

// Address returns a request's sender without the port: the caller's name as
// long as nothing better is known.
func Address(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
