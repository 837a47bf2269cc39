package stream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/model"
	"drover/internal/stream"
	"drover/tests/child"
	"drover/tests/stream/servers"
)

// What remote write is measured with: each request holds four metrics of so many
// pods, as Prometheus sends them by default (2,000 samples a request).
const (
	writePods    = 500
	writeSamples = 4 * writePods
	writeRounds  = 500 // times the same pods, minute after minute
	writeStart   = 1_790_000_000_000
	writePrefix  = "write."
)

var writeNames = []string{"container_cpu_usage_seconds_total", "container_memory_working_set_bytes",
	"container_network_receive_bytes_total", "container_network_transmit_bytes_total"}

// writeSeries returns the series of a minute, with the labels that a cluster's
// monitoring has.
func writeSeries(round int) []prompb.TimeSeries {
	out := make([]prompb.TimeSeries, 0, writeSamples)
	for pod := range writePods {
		for n, name := range writeNames {
			out = append(out, prompb.TimeSeries{
				Labels: []prompb.Label{{Name: "__name__", Value: name}, {Name: "id", Value: fmt.Sprintf("/kubepods/burstable/pod%08d", pod)},
					{Name: "instance", Value: fmt.Sprintf("node-%d:10250", pod/30)}, {Name: "job", Value: "kubelet"},
					{Name: "namespace", Value: "shop"}, {Name: "pod", Value: fmt.Sprintf("web-7d9c5b%04d-x%03d", pod/10, pod)}},
				Samples: []prompb.Sample{{Value: float64(1000*(n+1)*round + pod), Timestamp: writeStart + int64(round)*60_000}}})
		}
	}
	return out
}

func writeBodies(b *testing.B) [][]byte {
	b.Helper()
	var out [][]byte
	for round := range writeRounds {
		request := prompb.WriteRequest{Timeseries: writeSeries(round)}
		raw, err := request.Marshal()
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, snappy.Encode(nil, raw))
	}
	return out
}

// measureRemoteWrite sends samples over HTTP to the ingest program and compares
// its samples per CPU second with bare producers'.
func measureRemoteWrite(b *testing.B, up *servers.Servers) (single, same float64) {
	b.Helper()
	bodies := writeBodies(b)
	ours := measureIngest(b, up, bodies)
	one, _ := measure(b, benchJob{Brokers: up.Brokers, What: "produce", Single: true})
	grouped, _ := measure(b, benchJob{Brokers: up.Brokers, What: "produce"})
	b.Logf("remote write of %d samples: ingest %v, a record a sample %v, the same records %v", writeSamples*writeRounds, ours, one, grouped)
	return float64(one) / float64(ours), float64(grouped) / float64(ours)
}

// measureIngest returns the CPU time of the ingest program from start to end.
func measureIngest(b *testing.B, up *servers.Servers, bodies [][]byte) time.Duration {
	b.Helper()
	// A deployment of its own: what ingest says of the time is not for the others.
	applyUnder(b, writePrefix, up.Brokers, stream.Plan{Partitions: stream.Partitions{ByKey: 6, ByFleet: 3}})
	binary := filepath.Join(b.TempDir(), "ingest")
	cpuOf(b, "go", nil, "build", "-o", binary, "drover/cmd/ingest")
	address := child.FreeAddress(b)
	cmd := wrapped(binary, "--brokers", up.Brokers[0], "--redis", up.Redis, "--prefix", writePrefix, "--listen", address, "--log-level", "error")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	for _, body := range bodies {
		if err := writeOnce(b.Context(), address, body); err != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			b.Fatalf("%v\n%s", err, said.Bytes())
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	_ = cmd.Wait() // its end by a signal is no failure
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// writeOnce posts until the program listens and has taken it.
func writeOnce(ctx context.Context, address string, body []byte) error {
	var last error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/api/v1/write", bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/x-protobuf")
		request.Header.Set("Content-Encoding", "snappy")
		request.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			last = err
			continue
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode < 300 {
			return nil
		}
		if last = fmt.Errorf("remote write: %s: %s", answer.Status, text); answer.StatusCode < 500 {
			return last
		}
	}
	return last
}

// produce is a bare producer of the same samples, acks=all: of a record for each
// sample with its labels, as adapters for Kafka do it, or of Drover's records.
func (j benchJob) produce(ctx context.Context) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(j.Brokers...), kgo.DefaultProduceTopic(writePrefix+stream.Calls), kgo.MaxBufferedRecords(100_000),
		kgo.ProducerBatchCompression(kgo.Lz4Compression()))
	if err != nil {
		return err
	}
	defer client.Close()
	records, err := j.produced(ctx)
	if err != nil {
		return err
	}
	for round := range writeRounds {
		batch := make([]*kgo.Record, len(records))
		for i, r := range records {
			batch[i] = &kgo.Record{Key: r.Key, Value: r.Value}
		}
		if err := client.ProduceSync(ctx, batch...).FirstErr(); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
	}
	return nil
}

// produced returns a round's records.
func (j benchJob) produced(ctx context.Context) ([]kgo.Record, error) {
	var out []kgo.Record
	series := writeSeries(1)
	if j.Single {
		for i := range series {
			value, err := series[i].Marshal()
			if err != nil {
				return nil, err
			}
			out = append(out, kgo.Record{Key: fmt.Appendf(nil, "%s/%s", series[i].Labels[5].Value, series[i].Labels[0].Value), Value: value})
		}
		return out, nil
	}
	conn, err := connect(ctx, j.Brokers, nil)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(series); i += len(writeNames) {
		pod := series[i].Labels[5].Value
		m := model.Metric{Fleet: "default", Entity: model.EntityID("app:" + pod), At: writeStart, Producer: pod}
		for n := range writeNames {
			m.Samples = append(m.Samples, model.Sample{Resource: model.Resource(n), Kind: model.Counter, Value: series[i+n].Samples[0].Value})
		}
		value, err := conn.Codec().Encode("metrics", m.Fleet, m)
		if err != nil {
			return nil, err
		}
		out = append(out, kgo.Record{Key: []byte("default|app:" + pod), Value: value})
	}
	return out, nil
}
