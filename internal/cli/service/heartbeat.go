package service

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"drover/internal/model"
)

// beater sends heartbeats; ingest.Feed is one.
type beater interface {
	Heartbeat(ctx context.Context, at model.Instant, final bool) error
}

// heartbeats takes event time from a sender on this machine: {"at": time,
// "final": bool} says that everything up to then has been sent and answered.
func heartbeats(feed beater) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			http.Error(w, "heartbeats are taken from this machine only: event time is every fleet's", http.StatusForbidden)
			return
		}
		var beat struct {
			At    time.Time `json:"at"`
			Final bool      `json:"final"`
		}
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&beat); err != nil || beat.At.UnixMilli() <= 0 {
			http.Error(w, fmt.Sprintf(`want {"at": "2026-03-12T09:00:00Z", "final": false}: %v`, err), http.StatusBadRequest)
			return
		}
		if err := feed.Heartbeat(r.Context(), model.InstantOf(beat.At), beat.Final); err != nil {
			http.Error(w, "not taken, send it again: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}
