package door

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/exp/api/remote"
	writev2 "github.com/prometheus/client_golang/exp/api/remote/genproto/v2"
	"github.com/prometheus/prometheus/prompb"
)

// The sender of these tests is client_golang's own, as programs embed it.

// bearer adds a token to every request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func newSender(t *testing.T, s *Server, token string) *remote.API {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	api, err := remote.NewAPI(server.URL, remote.WithAPIHTTPClient(&http.Client{Transport: bearer(token)}),
		remote.WithAPIBackoff(remote.BackoffConfig{Min: time.Millisecond, Max: time.Millisecond, MaxRetries: 1}))
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// series2 is a series of remote write 2.0 with one sample.
func series2(symbols *writev2.SymbolsTable, value float64, labels ...string) *writev2.TimeSeries {
	return &writev2.TimeSeries{LabelsRefs: symbols.SymbolizeLabels(labels, nil),
		Samples: []*writev2.Sample{{Value: value, Timestamp: theTime.UnixMilli()}}}
}

func TestRemoteWrite2FromItsOwnSender(t *testing.T) {
	sink := &memory{}
	api := newSender(t, newServer(t, sink, nil), testToken)
	symbols := writev2.NewSymbolTable()
	series := []*writev2.TimeSeries{
		series2(&symbols, 1000, "__name__", "node_memory_MemTotal_bytes", "instance", "h1:9100"),
		series2(&symbols, 400, "__name__", "node_memory_MemAvailable_bytes", "instance", "h1:9100"),
	}
	stats, err := api.Write(t.Context(), remote.WriteV2MessageType, &writev2.Request{Symbols: symbols.Symbols(), Timeseries: series})
	if err != nil {
		t.Fatal(err)
	}
	if stats.AllSamples() != 2 {
		t.Errorf("written as the headers say: %+v, want 2 samples", stats)
	}
	if got := sink.lines(t); !strings.Contains(got, `"entity":"server:h1"`) || !strings.Contains(got, `"value":600`) {
		t.Errorf("taken: %s", got)
	}
}

func TestRemoteWrite2SaysWhatWasNotWritten(t *testing.T) {
	sink := &memory{}
	api := newSender(t, newServer(t, sink, nil), testToken)
	symbols := writev2.NewSymbolTable()
	series := []*writev2.TimeSeries{
		series2(&symbols, 5, "instance", "h1:9100"), // no name
		series2(&symbols, 1000, "__name__", "node_memory_MemTotal_bytes", "instance", "h1:9100"),
		series2(&symbols, 1, "__name__", "up", "job", "a", "job", "b"), // a label twice
		series2(&symbols, 400, "__name__", "node_memory_MemAvailable_bytes", "instance", "h1:9100"),
	}
	stats, err := api.Write(t.Context(), remote.WriteV2MessageType, &writev2.Request{Symbols: symbols.Symbols(), Timeseries: series})
	if err == nil || !strings.Contains(err.Error(), "2 records refused, 2 taken") {
		t.Errorf("error %v, want what was refused and taken", err)
	}
	if stats.AllSamples() != 2 {
		t.Errorf("%+v, want 2 samples written", stats)
	}
	if got := sink.lines(t); !strings.Contains(got, `"value":600`) {
		t.Errorf("the good series were not taken: %s", got)
	}
}

func TestRemoteWriteBrokenRequestsChangeNothing(t *testing.T) {
	symbols := writev2.NewSymbolTable()
	good := series2(&symbols, 1000, "__name__", "node_memory_MemTotal_bytes", "instance", "h1:9100")
	odd := &writev2.TimeSeries{LabelsRefs: []uint32{1}, Samples: good.Samples}
	for name, request := range map[string]*writev2.Request{
		"reference beyond the symbols": {Symbols: symbols.Symbols(), Timeseries: []*writev2.TimeSeries{{LabelsRefs: []uint32{1, 900}, Samples: good.Samples}}},
		"odd references":               {Symbols: symbols.Symbols(), Timeseries: []*writev2.TimeSeries{odd}},
		"first symbol is not empty":    {Symbols: []string{"x", "__name__", "up"}, Timeseries: []*writev2.TimeSeries{good}},
	} {
		t.Run(name, func(t *testing.T) {
			sink := &memory{}
			stats, err := newSender(t, newServer(t, sink, nil), testToken).Write(t.Context(), remote.WriteV2MessageType, request)
			if err == nil || len(sink.events) != 0 {
				t.Errorf("error %v, %d events taken", err, len(sink.events))
			}
			if stats.AllSamples() != 0 {
				t.Errorf("%+v, want nothing written", stats)
			}
		})
	}
}

func TestRemoteWriteSenderSeesLimitsAndRetries(t *testing.T) {
	symbols := writev2.NewSymbolTable()
	request := &writev2.Request{Symbols: nil, Timeseries: []*writev2.TimeSeries{series2(&symbols, 1, "__name__", "up")}}
	request.Symbols = symbols.Symbols()
	sink := &memory{fail: errors.New("broker gone")}
	s := newServer(t, sink, nil)
	tries := 0
	api := newSender(t, s, testToken)
	_, err := api.Write(t.Context(), remote.WriteV2MessageType, request, remote.WithWriteRetryCallback(func(error) { tries++ }))
	if err != nil { // "up" is in no mapping: nothing goes to the sink
		t.Errorf("a series that nobody maps: %v", err)
	}
	request.Timeseries = []*writev2.TimeSeries{series2(&symbols, 1, "__name__", "node_memory_MemTotal_bytes", "instance", "a"),
		series2(&symbols, 1, "__name__", "node_memory_MemAvailable_bytes", "instance", "a")}
	request.Symbols = symbols.Symbols()
	if _, err = api.Write(t.Context(), remote.WriteV2MessageType, request, remote.WithWriteRetryCallback(func(error) { tries++ })); err == nil || tries != 1 {
		t.Errorf("error %v after %d retries, want one after 1", err, tries)
	}
	if _, err = newSender(t, newServer(t, sink, nil), "guess").Write(t.Context(), remote.WriteV2MessageType, request); err == nil ||
		!strings.Contains(err.Error(), "token is not known") {
		t.Errorf("unknown token: %v", err)
	}
}

// series1 is a series of remote write 1.0 with one sample.
func series1(value float64, labels ...string) prompb.TimeSeries {
	series := prompb.TimeSeries{Samples: []prompb.Sample{{Value: value, Timestamp: theTime.UnixMilli()}}}
	for i := 0; i < len(labels); i += 2 {
		series.Labels = append(series.Labels, prompb.Label{Name: labels[i], Value: labels[i+1]})
	}
	return series
}

func TestRemoteWrite1FromItsOwnSender(t *testing.T) {
	sink := &memory{}
	api := newSender(t, newServer(t, sink, nil), testToken)
	_, err := api.Write(t.Context(), remote.WriteV1MessageType, &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{
		series1(1000, "__name__", "node_memory_MemTotal_bytes", "instance", "h1:9100"),
		series1(400, "__name__", "node_memory_MemAvailable_bytes", "instance", "h1:9100")}})
	if err != nil {
		t.Fatal(err)
	}
	if got := sink.lines(t); !strings.Contains(got, `"value":600`) {
		t.Errorf("taken: %s", got)
	}
	_, err = api.Write(t.Context(), remote.WriteV1MessageType, &prompb.WriteRequest{Timeseries: []prompb.TimeSeries{
		series1(1, "instance", "h1"), series1(1, "__name__", "up")}})
	if err == nil || !strings.Contains(err.Error(), "1 records refused, 1 taken") {
		t.Errorf("%v: want what was refused and taken", err)
	}
}
