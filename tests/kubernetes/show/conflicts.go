package show

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// conflicting returns how a client connects whose every third write meets a
// conflict: before it is made, or after, so that it was made and nobody heard.
func conflicting(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	writes := &atomic.Int64{}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return conflicts{next, writes} })
	return config
}

type conflicts struct {
	next   http.RoundTripper
	writes *atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (c conflicts) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet {
		return c.next.RoundTrip(r)
	}
	n := c.writes.Add(1)
	if n%3 != 0 {
		return c.next.RoundTrip(r)
	}
	if n%6 == 0 { // made, and nobody hears of it
		response, err := c.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	} else if r.Body != nil {
		_ = r.Body.Close()
	}
	status := apierrors.NewConflict(schema.GroupResource{Resource: "objects"}, r.URL.Path, io.ErrUnexpectedEOF).Status()
	status.Kind, status.APIVersion = "Status", "v1"
	body, err := json.Marshal(status)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusConflict, Status: "409 Conflict", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": []string{"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}, nil
}
