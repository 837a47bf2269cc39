package codec

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"

	"drover/internal/codec/avro"
	"drover/internal/model"
	"drover/schemas"
)

// canonicalJSON orders the keys of a JSON text.
func canonicalJSON(text []byte) string {
	var v any
	if json.Unmarshal(text, &v) != nil {
		return string(text)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return string(text)
	}
	return string(out)
}

// otherMetrics is the schema of metrics as another version of Drover might have
// it: fields added, removed, moved, renamed by alias, and a narrower number.
const otherMetrics = `{"type":"record","name":"MetricsRecord","namespace":"drover","fields":[
 {"name":"region","type":"string","default":""},
 {"name":"fleet","type":"string"},
 {"name":"body","type":[
  {"type":"record","name":"Heartbeat","fields":[{"name":"at","type":"long","default":0}]},
  {"type":"record","name":"CalendarEvent","fields":[{"name":"id","type":"string","default":""}]},
  {"type":"record","name":"Metric","fields":[
   {"name":"samples","type":{"type":"array","items":{"type":"record","name":"Sample","fields":[
     {"name":"value","type":"float","default":0},
     {"name":"unit","type":"string","default":""},
     {"name":"resource","type":{"type":"enum","name":"Resource","symbols":["memory","cpu"]},"default":"cpu"}]}},"default":[]},
   {"name":"at","type":"int","default":0},
   {"name":"entity","type":"string","default":""},
   {"name":"labels","type":{"type":"map","values":"string"},"default":{}}]}]},
 {"name":"producer","type":"string","default":""}]}`

func TestAnotherWritersRecordsAreRead(t *testing.T) {
	c, registry := newCodec(t)
	id, err := registry.Register(context.Background(), "metrics", otherMetrics)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := goavro.NewCodec(otherMetrics)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := writer.BinaryFromNative(binary.BigEndian.AppendUint32([]byte{0}, uint32(id)), map[string]any{
		"region": "eu", "fleet": "f", "producer": "p",
		"body": map[string]any{"drover.Metric": map[string]any{
			"entity": "server:a", "at": 1234, "labels": map[string]any{"x": "y"},
			"samples": []any{
				map[string]any{"resource": "memory", "value": float32(1.5), "unit": "B"},
				map[string]any{"resource": "cpu", "value": float32(2), "unit": ""},
			}}}})
	if err != nil {
		t.Fatal(err)
	}
	want := model.Metric{Fleet: "f", Producer: "p", Entity: "server:a", At: 1234,
		Samples: []model.Sample{{Resource: model.Memory, Value: 1.5}, {Resource: model.CPU, Value: 2}}}
	got, err := c.Decode("metrics", payload)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %#v (%v), want %#v", got, err, want)
	}
}

func TestAnOlderReaderReadsOurRecords(t *testing.T) {
	text, err := schemas.Of("metrics")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := avro.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	// An older Drover: no calendar events are written to it, no final heartbeats known.
	old, err := avro.Parse(strings.Replace(text, `"name": "final"`, `"name": "last", "aliases": ["final"]`, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := avro.Compatible(ours, old); err != nil {
		t.Fatal(err)
	}
	c, _ := newCodec(t)
	payload, err := c.Encode("metrics", "f", model.Heartbeat{Producer: "p", At: 5, Final: true})
	if err != nil {
		t.Fatal(err)
	}
	body, err := avro.NewResolver(ours, old).Resolve(nil, payload[headerSize:])
	if err != nil || !slices.Equal(body, payload[headerSize:]) {
		t.Errorf("the alias changed the bytes: %x, %x (%v)", body, payload[headerSize:], err)
	}
}

func TestARegistryThatDoesNotAnswerIsNoReasonToRefuseARecord(t *testing.T) {
	c, _ := newCodec(t)
	c.registry = unreachable{}
	good, err := c.Encode("metrics", "f", model.Heartbeat{Producer: "p"})
	if err != nil {
		t.Fatal(err)
	}
	good[4] = 77
	_, err = c.Decode("metrics", good)
	var typed *Error
	if err == nil || errors.As(err, &typed) {
		t.Errorf("error %v, want one without a class", err)
	}
}

type unreachable struct{}

func (unreachable) Register(context.Context, string, string) (int, error) {
	return 0, errors.New("no route to host")
}

func (unreachable) Schema(context.Context, int) (string, error) {
	return "", errors.New("no route to host")
}
