package zipkin_test

import (
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/zipkin"
	"drover/internal/model"
)

// TestTags reads the tags that say something and passes over all others,
// whatever they hold.
func TestTags(t *testing.T) {
	var got model.Span
	out := format.NewOut(func(e any) { got = e.(model.Span) })
	zipkin.Parse([]byte(`{"traceId":"1","id":"2","kind":"CLIENT","timestamp":1,"duration":2,"localEndpoint":{"serviceName":"web"},"tags":{
		"error":"","db.system":"redis","messaging.destination":"orders","http.request.size":12,"http.response.size":"34","other":{"a":[1]},"more":null}}`), format.Options{}, out)
	if !out.OK() || !got.Error || got.DatabaseSystem != "redis" || got.MessagingDestination != "orders" || got.RequestBytes != 12 || got.ResponseBytes != 34 {
		t.Errorf("%+v, %v", got, out.First)
	}
	for _, tags := range []string{`null`, `{}`} {
		out := format.NewOut(nil)
		zipkin.Parse([]byte(`{"traceId":"1","id":"2","tags":`+tags+`}`), format.Options{}, out)
		if out.Records != 1 || !out.OK() {
			t.Errorf("tags %s: %d read, %v", tags, out.Records, out.First)
		}
	}
	out = format.NewOut(nil)
	zipkin.Parse([]byte(`{"traceId":"1","id":"2","tags":["x"]}`), format.Options{}, out)
	if out.Rejected != 1 || out.First.Error() == "" {
		t.Errorf("tags in a list: %d refused, %v", out.Rejected, out.First)
	}
}
