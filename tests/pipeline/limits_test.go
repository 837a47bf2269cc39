package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/model"
	"drover/internal/stream"
	"drover/tests/child"
	"drover/tests/stream/servers"
)

const (
	limitsPrefix          = "limits."
	limitsFleetPartitions = 2
	limitsBody            = 100_000                  // bytes that the doors take
	limitsStart           = int64(1_790_000_100_000) // of event time, in ms
)

// TestLimitsOnTheWay sends too much of everything through the real doors and the
// real broker. Each is refused by a clear error or becomes a dead letter with its
// reason and origin; what is within the limits is kept, and the stream goes on.
func TestLimitsOnTheWay(t *testing.T) {
	s := servers.Start(t, 1)
	common := []string{"--brokers", s.Brokers[0], "--redis", s.Redis, "--prefix", limitsPrefix, "--entity-partitions", "1", "--fleet-partitions", fmt.Sprint(limitsFleetPartitions), "--log-level", "error"}
	run(t, patience, "drover", "topics", "apply", "--brokers", s.Brokers[0], "--prefix", limitsPrefix, "--entity-partitions", "1", "--fleet-partitions", fmt.Sprint(limitsFleetPartitions))
	address, health := child.FreeAddress(t), child.FreeAddress(t)
	door := start(t, "ingest", append([]string{"--listen", address, "--clock", "sender", "--producer", "limits-ingest",
		"--max-body-bytes", fmt.Sprint(limitsBody), "--credentials", limitedCredentials(t)}, common...)...)
	forecaster := start(t, "forecaster", append([]string{"--listen", health, "--max-series", "12", "--save-every", "200ms"}, common...)...)
	until(t, door, "ingest takes a heartbeat", func() bool { return beat(t, address, limitsStart) == nil })

	doors(t, "http://"+address)
	want := brokerLimits(t, s.Brokers)
	tooManySeries(t, "http://"+address)
	if err := beat(t, address, limitsStart+300_000); err != nil {
		t.Fatal(err)
	}
	want["limit"] = letter{Topic: stream.Metrics, Stage: stream.Forecaster, Says: "app:a4 would bring the series of this partition to 15; at most 12 are kept (max-series)", Kept: true}
	letters(t, s.Brokers, forecaster, want)
	wholeTick(t, s.Brokers)
	if status, said := get("http://" + health + "/readyz"); status != http.StatusOK {
		t.Errorf("the forecaster is not ready after all this: %d %s", status, said)
	}
}

// limitedCredentials writes those of a sender with eight series, and of one without
// limits.
func limitedCredentials(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credentials.yaml")
	text := fmt.Sprintf("credentials:\n- {name: small, fleet: east, token_sha256: %x, limits: {series: 8}}\n- {name: large, fleet: west, token_sha256: %x}\n",
		sha256.Sum256([]byte("token-east")), sha256.Sum256([]byte("token-west")))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// post sends a body to a door and returns what it answers.
func post(t *testing.T, url, token, contentType string, body []byte) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, nil, err.Error()
	}
	return answer.StatusCode, answer.Header, string(said)
}

// beat says that everything up to an instant has been sent.
func beat(t *testing.T, address string, at int64) error {
	t.Helper()
	body, err := json.Marshal(map[string]any{"at": model.Instant(at).Time()})
	if err != nil {
		return err
	}
	if status, _, said := post(t, "http://"+address+"/v1/heartbeat", "", "application/json", body); status >= 300 || status == 0 {
		return fmt.Errorf("heartbeat: %d %s", status, said)
	}
	return nil
}

// written is a remote write of one sample a series; each has as many labels as
// said.
func written(t *testing.T, labels map[string]int) []byte {
	t.Helper()
	var request prompb.WriteRequest
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"} {
		n, ok := labels[name]
		if !ok {
			continue
		}
		series := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: "queue_" + name}},
			Samples: []prompb.Sample{{Value: 1, Timestamp: limitsStart + 1000}}}
		for i := range n {
			series.Labels = append(series.Labels, prompb.Label{Name: fmt.Sprintf("l%03d", i), Value: "v"})
		}
		request.Timeseries = append(request.Timeseries, series)
	}
	raw, err := request.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return snappy.Encode(nil, raw)
}

// doors asks too much of the doors.
func doors(t *testing.T, base string) {
	t.Helper()
	const proto = "application/x-protobuf"
	nine := map[string]int{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1, "h": 1, "i": 1}
	huge := make([]byte, limitsBody+1)
	for _, c := range []struct {
		name, path, contentType string
		body                    []byte
		status                  int
		says, taken             string // taken: samples written
	}{
		{"as many labels as may be", "/api/v1/write", proto, written(t, map[string]int{"a": 64}), 204, "", "1"},
		{"a label too many, beside a good series", "/api/v1/write", proto, written(t, map[string]int{"a": 64, "b": 65}), 400, "65 labels: at most 64", "1"},
		{"nine series", "/api/v1/write", proto, written(t, nine), 400, "more than 8 series", "7"},
		{"a known series after that", "/api/v1/write", proto, written(t, map[string]int{"a": 1}), 204, "", "1"},
		{"a remote write too large", "/api/v1/write", proto, huge, 413, "larger than 100000 bytes: send it in parts", ""},
		{"an OTLP body too large", "/v1/metrics", proto, huge, 413, "larger than 100000 bytes: send it in parts", ""},
		{"events too large", "/v1/events", "application/x-ndjson", huge, 413, "larger than 100000 bytes: send it in parts", ""},
	} {
		status, header, said := post(t, base+c.path, "token-east", c.contentType, c.body)
		if taken := header.Get("X-Prometheus-Remote-Write-Samples-Written"); status != c.status || !strings.Contains(said, c.says) || taken != c.taken {
			t.Errorf("%s: %d %q, %q samples written; want %d, %q, %q", c.name, status, said, taken, c.status, c.says, c.taken)
		}
	}
}

// letter is what a dead letter must say.
type letter struct {
	Topic, Stage, Says string
	Kept               bool // the whole value
	value              []byte
}

// brokerLimits publishes, as a foreign producer would, a record that the broker
// refuses, and some that it takes although Drover does not; it returns the letters
// that come of these, by class.
func brokerLimits(t *testing.T, brokers []string) map[string]letter {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ProducerBatchMaxBytes(8<<20), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	noise := make([]byte, 5<<20)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(noise) // never fails
	noise[0] = 1           // no schema's id
	record := func(size int) *kgo.Record {
		return &kgo.Record{Topic: limitsPrefix + stream.Metrics, Key: []byte("west|app:noise"), Value: noise[:size],
			Headers: []kgo.RecordHeader{{Key: "from", Value: []byte(fmt.Sprint(size))}}}
	}
	if err := client.ProduceSync(t.Context(), record(5<<20)).FirstErr(); !errors.Is(err, kerr.MessageTooLarge) {
		t.Errorf("a record of 5 MiB: %v, want the broker's %v", err, kerr.MessageTooLarge)
	}
	const above, just, small = stream.MaxRecordBytes + 1000, stream.MaxRecordBytes - 1000, 1 << 20
	for _, size := range []int{above, just, small} {
		if err := client.ProduceSync(t.Context(), record(size)).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	origin := letter{Topic: stream.Metrics, Stage: stream.Forecaster}
	size, whole, cut := origin, origin, origin
	size.Says = fmt.Sprintf("the value has %d bytes: at most %d are taken; too large for a letter and left out: value (%d bytes)", above, stream.MaxRecordBytes, above)
	cut.Says = fmt.Sprintf("left out: value (%d bytes)", just)
	whole.Kept, whole.value = true, noise[:small]
	return map[string]letter{"size": size, "decode/" + fmt.Sprint(just): cut, "decode/" + fmt.Sprint(small): whole}
}

// tooManySeries sends five applications with three series each, one more than the
// forecaster keeps, and the first again.
func tooManySeries(t *testing.T, base string) {
	t.Helper()
	var body bytes.Buffer
	for minute := range int64(2) {
		for i := range 5 {
			if minute > 0 && i == 4 {
				continue
			}
			fmt.Fprintf(&body, `{"type":"metric","entity":"app:a%d","at":%q,"samples":[{"resource":"cpu","value":%d},{"resource":"memory","value":1},{"resource":"receive","value":1}]}`+"\n",
				i, model.Instant(limitsStart+60_000*(minute+1)).Time().Format(time.RFC3339), 10*(int(minute)+1)+i)
		}
	}
	if status, _, said := post(t, base+"/v1/events", "token-west", "application/x-ndjson", body.Bytes()); status != http.StatusOK {
		t.Fatalf("events: %d %s", status, said)
	}
}

// limited connects to the deployment.
func limited(t *testing.T, brokers []string) *stream.Connection {
	t.Helper()
	registry, err := stream.OpenFileRegistry("", limitsPrefix)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := stream.Connect(t.Context(), stream.Settings{Brokers: brokers, Prefix: limitsPrefix, Registry: registry})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// letters waits for the dead letters and looks at each; one without its value can't
// be replayed, and says so.
func letters(t *testing.T, brokers []string, p *child.Process, want map[string]letter) {
	t.Helper()
	conn := limited(t, brokers)
	var all []stream.Letter
	until(t, p, "the dead letters are there", func() bool {
		var err error
		if all, err = conn.Letters(t.Context()); err != nil {
			t.Fatal(err)
		}
		return len(all) >= len(want)
	})
	for i, l := range all {
		class := l.Letter.Class
		if from := l.Letter.Headers["from"]; class == "decode" {
			class += "/" + string(from)
		}
		w, ok := want[class]
		delete(want, class)
		if !ok || l.Letter.Topic != w.Topic || l.Letter.Stage != w.Stage || !strings.Contains(l.Letter.Message, w.Says) {
			t.Errorf("letter %s (%s) of %s: %q, want %q", l.ID, class, l.Letter.Stage, l.Letter.Message, w.Says)
		}
		if l.ID != fmt.Sprintf("%s/0/%d", w.Topic, l.Letter.Offset) || i > 0 && l.Letter.Offset <= all[i-1].Letter.Offset || l.Fleet != "west" {
			t.Errorf("letter %s of fleet %s, offset %d", l.ID, l.Fleet, l.Letter.Offset)
		}
		if (len(l.Letter.Value) > 0) != w.Kept || w.value != nil && !bytes.Equal(l.Letter.Value, w.value) {
			t.Errorf("letter %s (%s) holds %d bytes of the value; kept whole: %v", l.ID, class, len(l.Letter.Value), w.Kept)
		}
		if !w.Kept {
			refusesReplay(t, brokers, l.ID)
		}
	}
	if len(want) > 0 {
		t.Errorf("no letters %v", want)
	}
}

func refusesReplay(t *testing.T, brokers []string, id string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program(t, "drover"), "deadletter", "replay", id, "--brokers", brokers[0], "--prefix", limitsPrefix).CombinedOutput()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != 1 || !strings.Contains(string(out), "too large to be kept") {
		t.Errorf("replay of %s: %v, %s", id, err, out)
	}
}

// wholeTick waits for the tick's marker and demands a forecast of every series that
// was kept, with both minutes in it.
func wholeTick(t *testing.T, brokers []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	observed, marked, done := map[string]float64{}, map[int32]bool{}, errors.New("done")
	err := limited(t, brokers).Tail(ctx, stream.FromStart, func(e stream.Entry) error {
		switch event := e.Event.(type) {
		case model.Forecast:
			observed[fmt.Sprint(event.Entity, "/", event.Resource)] = event.Observed
		case model.Marker:
			if event.At == model.Instant(limitsStart+300_000) && strings.Contains(event.Source, stream.Metrics) {
				marked[e.Partition] = true // each of the topic's has one, and they are read in any order
			}
			if len(marked) == limitsFleetPartitions {
				return done
			}
		}
		return nil
	}, stream.Forecasts)
	if !errors.Is(err, done) {
		t.Fatalf("no marker came: %v", err)
	}
	for i := range 4 {
		if got, want := observed[fmt.Sprintf("app:a%d/cpu", i)], 15+float64(i); got != want {
			t.Errorf("application a%d: observed %v, want %v", i, got, want)
		}
	}
	if len(observed) != 12 {
		t.Errorf("forecasts of %d series, want 12: %v", len(observed), observed)
	}
}
