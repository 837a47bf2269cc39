package door

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// counted is a sink that takes everything.
type counted struct{ events int }

func (c *counted) Publish(_ context.Context, events []any) error {
	c.events += len(events)
	return nil
}

// BenchmarkRemoteWrite takes requests of 2,000 samples: four metrics of 500 pods,
// with the labels that a cluster's monitoring has.
func BenchmarkRemoteWrite(b *testing.B) {
	names := []string{"container_cpu_usage_seconds_total", "container_memory_working_set_bytes",
		"container_network_receive_bytes_total", "container_network_transmit_bytes_total"}
	const pods = 500
	var bodies [][]byte
	for round := range 20 {
		var request prompb.WriteRequest
		for pod := range pods {
			for n, name := range names {
				request.Timeseries = append(request.Timeseries, prompb.TimeSeries{
					Labels: []prompb.Label{{Name: "__name__", Value: name}, {Name: "id", Value: fmt.Sprintf("/kubepods/burstable/pod%08d", pod)},
						{Name: "instance", Value: fmt.Sprintf("node-%d:10250", pod/30)}, {Name: "job", Value: "kubelet"},
						{Name: "namespace", Value: "shop"}, {Name: "pod", Value: fmt.Sprintf("web-7d9c5b%04d-x%03d", pod/10, pod)}},
					Samples: []prompb.Sample{{Value: float64(1000*(n+1)*round + pod), Timestamp: 1_790_000_000_000 + int64(round)*60_000}}})
			}
		}
		raw, err := request.Marshal()
		if err != nil {
			b.Fatal(err)
		}
		bodies = append(bodies, snappy.Encode(nil, raw))
	}
	sink := &counted{}
	s, err := New(Config{Sink: sink})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	sent := 0
	for b.Loop() {
		request := httptest.NewRequest(http.MethodPost, "/api/v1/write", bytes.NewReader(bodies[sent%len(bodies)]))
		request.Header.Set("Content-Type", "application/x-protobuf")
		request.Header.Set("Content-Encoding", "snappy")
		request.RemoteAddr = "127.0.0.1:1"
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, request)
		if answer.Code >= 300 {
			b.Fatalf("%d %s", answer.Code, answer.Body)
		}
		sent++
	}
	if sink.events == 0 {
		b.Fatal("no events came")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(sent*pods*len(names)), "ns/sample")
}
