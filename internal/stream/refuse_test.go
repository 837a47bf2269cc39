package stream

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"drover/internal/model"
	"drover/internal/stage"
)

// raw sends records as a foreign producer would.
func raw(t *testing.T, conn *Connection, records ...*kgo.Record) {
	t.Helper()
	client, err := conn.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func TestRefusedRecordsAreDeadLettersAndTheStreamGoesOn(t *testing.T) {
	conn := connect(t)
	good, err := conn.codec.Encode(Metrics, "f", metricOf("server:a", 1))
	if err != nil {
		t.Fatal(err)
	}
	empty, err := conn.codec.Encode(Metrics, "f", model.Metric{Fleet: "f", Entity: "server:a"})
	if err != nil {
		t.Fatal(err)
	}
	here := Partition(Metrics, "f", "server:a", 4)
	record := func(partition int32, key string, value []byte) *kgo.Record {
		return &kgo.Record{Topic: conn.Name(Metrics), Partition: partition, Key: []byte(key), Value: value,
			Headers: []kgo.RecordHeader{{Key: "made-by", Value: []byte("a test")}}}
	}
	raw(t, conn,
		record(here, "f|server:a", []byte("not avro")),
		record(here, "f|server:a", append([]byte{0, 0xff, 0xff, 0xff, 0xff}, good[5:]...)),
		record((here+1)%4, "f|server:a", good),
		record(here, "g|server:a", good),
		record(here, "f|server:a", empty),
		record(here, "f|server:a", nil),
		record(here, "f|server:a", good),
	)
	store := newStates()
	config := Config{Connection: conn, Stage: Forecaster, Topics: []string{Metrics, Paths, Calls}, NewTask: newCounting,
		Store: store, Fenced: errFenced, SaveEvery: 30 * time.Millisecond}
	stop := start(t, config)
	await(t, conn, 1, nil, Forecasts)
	classes := map[string]model.DeadLetter{}
	for _, e := range await(t, conn, 5, nil, DeadLetters) {
		letter := e.Event.(model.DeadLetter)
		if letter.Topic != Metrics || letter.Stage != Forecaster || letter.Message == "" || string(letter.Headers["made-by"]) != "a test" {
			t.Errorf("letter %+v", letter)
		}
		classes[letter.Class+"/"+string(letter.Key)] = letter
	}
	for _, want := range []string{"decode/f|server:a", "schema/f|server:a", "partition/f|server:a", "value/g|server:a", "value/f|server:a"} {
		if _, ok := classes[want]; !ok {
			t.Errorf("no letter %s among %d", want, len(classes))
		}
	}
	if why := classes["partition/f|server:a"].Message; !strings.Contains(why, "murmur2") {
		t.Errorf("the reason %q does not say how to part", why)
	}
	// A restart doesn't send them again.
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	stop = start(t, config)
	if err := producer(t, conn).Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 2)); err != nil {
		t.Fatal(err)
	}
	await(t, conn, 2, nil, Forecasts)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	letters := 0
	if err := conn.ReadAll(t.Context(), func(Entry) error { letters++; return nil }, DeadLetters); err != nil {
		t.Fatal(err)
	}
	if letters != 5 {
		t.Errorf("%d dead letters after the restart, want 5", letters)
	}
}

func TestProducerRefusesWhatCannotBeKeyed(t *testing.T) {
	conn := connect(t)
	p := producer(t, conn)
	for _, fleet := range []model.FleetID{"", "a|b"} {
		m := metricOf("server:a", 1)
		m.Fleet = fleet
		if err := p.Publish(t.Context(), Metrics, fleet, "server:a", m); err == nil || !strings.Contains(err.Error(), "fleet") {
			t.Errorf("fleet %q: %v", fleet, err)
		}
	}
	large := model.Audit{Fleet: "f", After: strings.Repeat("x", MaxRecordBytes)}
	if err := p.Publish(t.Context(), Audit, "f", "o", large); err == nil || !strings.Contains(err.Error(), "size") {
		t.Errorf("a record above the limit: %v", err)
	}
	if err := p.PublishAll(t.Context(), []stage.Emission{{Topic: "nowhere", Fleet: "f", Partition: stage.ByKey, Event: model.Marker{}}}); err == nil {
		t.Error("an unknown topic was taken")
	}
}

func TestHeartbeatsReachEveryPartition(t *testing.T) {
	conn := connect(t)
	p := producer(t, conn)
	if err := p.Heartbeat(t.Context(), Metrics, "f", model.Heartbeat{Producer: "p", At: 7}); err != nil {
		t.Fatal(err)
	}
	seen := map[int32]bool{}
	for _, e := range await(t, conn, 4, nil, Metrics) {
		seen[e.Partition] = e.Event.(model.Heartbeat).At == 7 && e.Key == "#heartbeat/p"
	}
	if len(seen) != 4 || !seen[0] || !seen[3] {
		t.Errorf("seen %v", seen)
	}
}
