package door

import (
	"errors"
	"mime"
	"net/http"
	"strconv"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/remotewrite"
)

// The protobuf messages of remote write, as the Content-Type names them.
const (
	messageV1 = "prometheus.WriteRequest"
	messageV2 = "io.prometheus.write.v2.Request"
)

// remoteWrite takes Prometheus remote write 1.0 and 2.0. Valid series of a
// request with some invalid ones are written and the answer is 400 with the
// reason, as both versions of the specification ask.
func (s *Server) remoteWrite(w http.ResponseWriter, r *http.Request) {
	version, err := remoteWriteVersion(r.Header)
	if err != nil {
		fail(w, err)
		return
	}
	from, body, err := s.open(r)
	if err != nil {
		fail(w, err)
		return
	}
	room := s.rooms.get()
	defer s.rooms.put(room) // nothing that is published points into the body
	body, err = remotewrite.Decompress(*room, body)
	if err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, remotewrite.ErrTooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		fail(w, &problem{status: status, err: err})
		return
	}
	*room = body
	var stats remotewrite.Stats
	res, err := s.accept(r.Context(), from, func(opt format.Options, out *format.Out) error {
		var err error
		stats, err = remotewrite.Read(body, version, from.known, opt, out)
		return err
	})
	if err != nil {
		writtenHeaders(w.Header(), remotewrite.Stats{})
		fail(w, err)
		return
	}
	// Samples over the series limit were read and then refused.
	stats.Samples = min(stats.Samples, max(res.read-stats.Histograms, 0))
	writtenHeaders(w.Header(), stats)
	if res.rejected > 0 {
		http.Error(w, res.rejection(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// writtenHeaders say how much of a request was written.
func writtenHeaders(h http.Header, stats remotewrite.Stats) {
	h.Set("X-Prometheus-Remote-Write-Samples-Written", strconv.Itoa(stats.Samples))
	h.Set("X-Prometheus-Remote-Write-Histograms-Written", strconv.Itoa(stats.Histograms))
	h.Set("X-Prometheus-Remote-Write-Exemplars-Written", strconv.Itoa(stats.Exemplars))
}

// remoteWriteVersion reads which message a request carries.
func remoteWriteVersion(h http.Header) (remotewrite.Version, error) {
	if encoding := h.Get("Content-Encoding"); encoding != "" && encoding != "snappy" {
		return 0, refuse(http.StatusUnsupportedMediaType, "Content-Encoding %q: want snappy", encoding)
	}
	contentType := h.Get("Content-Type")
	if contentType == "" {
		contentType = "application/x-protobuf"
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/x-protobuf" {
		return 0, refuse(http.StatusUnsupportedMediaType, "Content-Type %q: want application/x-protobuf", contentType)
	}
	switch params["proto"] {
	case "", messageV1:
		return remotewrite.V1, nil
	case messageV2:
		return remotewrite.V2, nil
	}
	return 0, refuse(http.StatusUnsupportedMediaType, "Content-Type %q: want proto=%s or proto=%s", contentType, messageV1, messageV2)
}
