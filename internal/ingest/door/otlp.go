package door

import (
	"encoding/json"
	"mime"
	"net/http"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/otlp"
)

// The media types of OTLP over HTTP.
const (
	mediaProtobuf = "application/x-protobuf"
	mediaJSON     = "application/json"
)

func (s *Server) otlpMetrics(w http.ResponseWriter, r *http.Request) {
	s.otlp(w, r, otlp.ParseMetrics, "rejectedDataPoints")
}

func (s *Server) otlpTraces(w http.ResponseWriter, r *http.Request) {
	s.otlp(w, r, otlp.ParseTraces, "rejectedSpans")
}

// otlp takes an export request and answers in the encoding it came in.
func (s *Server) otlp(w http.ResponseWriter, r *http.Request, parse format.Parser, rejectedField string) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != mediaProtobuf && media != mediaJSON {
		http.Error(w, "want Content-Type application/x-protobuf or application/json", http.StatusUnsupportedMediaType)
		return
	}
	from, body, err := s.open(r)
	if err != nil {
		otlpFail(w, media, err)
		return
	}
	res, err := s.accept(r.Context(), from, func(opt format.Options, out *format.Out) error {
		parse(body, opt, out)
		return otlpFault(out)
	})
	if err != nil {
		otlpFail(w, media, err)
		return
	}
	w.Header().Set("Content-Type", media)
	if media == mediaJSON {
		_ = json.NewEncoder(w).Encode(successJSON(res, rejectedField))
		return
	}
	_, _ = w.Write(successProtobuf(res))
}

// otlpFault fails a request of which nothing could be read.
func otlpFault(out *format.Out) error {
	if out.Records == 0 && out.Rejected > 0 {
		return out.First
	}
	return nil
}

// successJSON is an Export…ServiceResponse.
func successJSON(res result, rejectedField string) any {
	if res.rejected == 0 {
		return struct{}{}
	}
	return map[string]any{"partialSuccess": map[string]string{
		rejectedField: strconv.Itoa(res.rejected), "errorMessage": res.first.Error()}}
}

// successProtobuf is an Export…ServiceResponse: 1 partial success (1 rejected, 2 message).
func successProtobuf(res result) []byte {
	if res.rejected == 0 {
		return nil
	}
	var partial []byte
	partial = protowire.AppendTag(partial, 1, protowire.VarintType)
	partial = protowire.AppendVarint(partial, uint64(res.rejected))
	partial = protowire.AppendTag(partial, 2, protowire.BytesType)
	partial = protowire.AppendString(partial, res.first.Error())
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), partial)
}

// otlpFail answers with a google.rpc.Status: 1 code, 2 message.
func otlpFail(w http.ResponseWriter, media string, err error) {
	status := statusOf(w.Header(), err)
	code := grpcCode(status)
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	if media == mediaJSON {
		_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "message": err.Error()})
		return
	}
	b := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(code))
	b = protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), err.Error())
	_, _ = w.Write(b)
}

// grpcCode returns the code that goes with an HTTP status.
func grpcCode(status int) codes.Code {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return codes.InvalidArgument
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case http.StatusServiceUnavailable:
		return codes.Unavailable
	}
	return codes.Internal
}
