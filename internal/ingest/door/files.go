package door

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
	"drover/internal/ingest/format/events"
	"drover/internal/ingest/format/influx"
	"drover/internal/model"
	"drover/internal/stream"
)

// answer is what the doors of our own say: counts and the first reason.
type answer struct {
	Accepted int    `json:"accepted"`
	Rejected int    `json:"rejected"`
	Error    string `json:"error,omitempty"`
}

// say answers 200 if everything was taken, 400 with the counts if some was not.
func say(w http.ResponseWriter, res result) {
	a := answer{Accepted: res.read, Rejected: res.rejected}
	status := http.StatusOK
	if res.rejected > 0 {
		status = http.StatusBadRequest
		a.Error = res.first.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a)
}

// events takes JSON events: one object, an array, or one a line. Every good
// event of a request is taken.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil &&
		media != mediaJSON && media != "application/x-ndjson" && media != "application/jsonl" {
		http.Error(w, "want Content-Type application/json or application/x-ndjson", http.StatusUnsupportedMediaType)
		return
	}
	s.file(w, r, events.Parse)
}

// batchHeader numbers a request's events, so that they can be sent again without
// being counted twice.
const batchHeader = "Drover-Batch"

// numbered returns the request's context with the batch that its header names.
// Only events are numbered: spans and samples leave in other batches than they
// came in.
func numbered(r *http.Request, from *sender) (context.Context, error) {
	text := r.Header.Get(batchHeader)
	if text == "" {
		return r.Context(), nil
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 0 {
		return nil, refuse(http.StatusBadRequest, "%s %q: want a number from zero that rises with every request", batchHeader, text)
	}
	if r.URL.Path != "/v1/events" {
		return nil, refuse(http.StatusBadRequest, "%s: only /v1/events takes numbered requests", batchHeader)
	}
	return stream.WithBatch(r.Context(), string(from.credential.Fleet)+"/"+from.credential.Name, number), nil
}

// anyFormat takes a document in any format of the catalog; ?server= names the
// server that measured, where the document doesn't.
func (s *Server) anyFormat(w http.ResponseWriter, r *http.Request) {
	parse, err := catalog.Find(r.PathValue("format"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	s.file(w, r, parse)
}

func (s *Server) file(w http.ResponseWriter, r *http.Request, parse format.Parser) {
	from, body, err := s.open(r)
	if err != nil {
		fail(w, err)
		return
	}
	ctx, err := numbered(r, from)
	if err != nil {
		fail(w, err)
		return
	}
	res, err := s.accept(ctx, from, func(opt format.Options, out *format.Out) error {
		opt.Server = model.ServerID(r.URL.Query().Get("server"))
		parse(body, opt, out)
		return nil
	})
	if err != nil {
		fail(w, err)
		return
	}
	say(w, res)
}

// precisions are the units that Influx' clients name in ?precision=.
var precisions = map[string]time.Duration{"": 0, "ns": time.Nanosecond, "n": time.Nanosecond, "us": time.Microsecond, "u": time.Microsecond,
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour}

// influx takes line protocol and answers as InfluxDB does: 204, or 400 with a
// reason in JSON when some lines were refused.
func (s *Server) influx(w http.ResponseWriter, r *http.Request) {
	precision, ok := precisions[r.URL.Query().Get("precision")]
	if !ok {
		influxFail(w, refuse(http.StatusBadRequest, "precision %q: want ns, us, ms, s, m or h", r.URL.Query().Get("precision")))
		return
	}
	from, body, err := s.open(r)
	if err != nil {
		influxFail(w, err)
		return
	}
	res, err := s.accept(r.Context(), from, func(opt format.Options, out *format.Out) error {
		opt.Precision = precision
		influx.Parse(body, opt, out)
		return nil
	})
	switch {
	case err != nil:
		influxFail(w, err)
	case res.rejected > 0:
		influxFail(w, refuse(http.StatusBadRequest, "partial write: %s", res.rejection()))
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func influxFail(w http.ResponseWriter, err error) {
	status := statusOf(w.Header(), err)
	w.Header().Set("Content-Type", mediaJSON)
	w.WriteHeader(status)
	code := strings.ToLower(strings.ReplaceAll(http.StatusText(status), " ", "_"))
	_ = json.NewEncoder(w).Encode(map[string]string{"code": code, "message": fmt.Sprint(err)})
}
