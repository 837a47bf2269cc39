package registry

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"

	"drover/internal/codec"
	"drover/internal/codec/avro"
	"drover/internal/model"
	"drover/internal/stream"
	"drover/schemas"
	"drover/tests/stream/servers"
)

// TestRegistries runs the same tests on both registries.
func TestRegistries(t *testing.T) {
	t.Run("in the process", func(t *testing.T) {
		dir := t.TempDir()
		try(t, func() codec.Registry {
			r, err := stream.OpenFileRegistry(dir, "t.")
			if err != nil {
				t.Fatal(err)
			}
			return r
		})
	})
	t.Run("Apicurio", func(t *testing.T) {
		url := servers.StartRegistry(t)
		try(t, func() codec.Registry {
			r, err := stream.OpenRemoteRegistry(url, "t.", stream.RegistryLogin{})
			if err != nil {
				t.Fatal(err)
			}
			return r
		})
	})
}

// try runs everything on a registry; each call of open comes as another process
// would.
func try(t *testing.T, open func() codec.Registry) {
	c, err := codec.New(t.Context(), open())
	if err != nil {
		t.Fatal(err)
	}
	again, err := codec.New(t.Context(), open())
	if err != nil {
		t.Fatalf("registering all schemas again: %v", err)
	}
	for _, topic := range schemas.Topics() {
		first, second := encode(t, c, topic), encode(t, again, topic)
		if string(first) != string(second) {
			t.Errorf("%s: two processes write with different ids: %x, %x", topic, first[:5], second[:5])
		}
		t.Run(topic, func(t *testing.T) { evolve(t, open(), again, topic, first) })
	}
	if _, err := open().Schema(t.Context(), 999_999); !errors.Is(err, codec.ErrUnknownSchema) {
		t.Errorf("an unknown id: %v", err)
	}
}

// encode returns an event of the topic as it goes over the wire.
func encode(t *testing.T, c *codec.Codec, topic string) []byte {
	t.Helper()
	var event any = model.Heartbeat{Producer: "p", At: 7, Final: true}
	switch topic {
	case stream.Reports:
		event = model.Beat{Owner: "o", Epoch: 3, At: 7}
	case stream.Audit:
		event = model.Audit{Fleet: "f", At: 7, Actor: "a", Object: "o"}
	case stream.DeadLetters:
		event = model.DeadLetter{Topic: "metrics", Offset: 9, At: 7, Class: "decode"}
	}
	payload, err := c.Encode(topic, "f", event)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// evolve registers a newer schema, sends records both ways, and tries what the
// policy forbids.
func evolve(t *testing.T, registry codec.Registry, c *codec.Codec, topic string, ours []byte) {
	text, err := schemas.Of(topic)
	if err != nil {
		t.Fatal(err)
	}
	newer := changed(t, text, map[string]any{"name": "added", "type": []any{"null", "string"}, "default": nil})
	id, err := registry.Register(t.Context(), topic, newer)
	if err != nil {
		t.Fatalf("fields with defaults: %v", err)
	}
	want, err := c.Decode(topic, ours)
	if err != nil {
		t.Fatal(err)
	}
	// A newer writer, read by the program of today.
	native, _, err := plain(t, text).NativeFromBinary(ours[5:])
	if err != nil {
		t.Fatal(err)
	}
	native.(map[string]any)["added"] = goavro.Union("string", "something new")
	theirs, err := plain(t, newer).BinaryFromNative(binary.BigEndian.AppendUint32([]byte{0}, uint32(id)), native)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Decode(topic, theirs); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("a newer writer's record is read as %+v (%v), want %+v", got, err, want)
	}
	// The program of today, read by a newer reader.
	read, err := avro.NewResolver(parse(t, text), parse(t, newer)).Resolve(nil, ours[5:])
	if err != nil {
		t.Fatal(err)
	}
	late, rest, err := plain(t, newer).NativeFromBinary(read)
	if err != nil || len(rest) > 0 || late.(map[string]any)["added"] != nil || late.(map[string]any)["fleet"] != native.(map[string]any)["fleet"] {
		t.Errorf("a newer reader reads %v (%v, %d bytes left)", late, err, len(rest))
	}
	for what, bad := range map[string]string{
		"a field without a default":           changed(t, text, map[string]any{"name": "needed", "type": "string"}),
		"a new type for a field of version 2": changed(t, text, map[string]any{"name": "added", "type": []any{"null", "long"}, "default": nil}),
		"another type for an old field":       strings.Replace(text, `"string"`, `"double"`, 1),
	} {
		if _, err := registry.Register(t.Context(), topic, bad); err == nil || !strings.Contains(err.Error(), "t."+topic+"-value") {
			t.Errorf("%s: error %v does not name the subject", what, err)
		}
	}
}

// changed returns a schema whose records all have one field more.
func changed(t *testing.T, text string, field map[string]any) string {
	t.Helper()
	var schema any
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		t.Fatal(err)
	}
	addField(schema, field)
	out, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func addField(node any, field map[string]any) {
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			addField(item, field)
		}
	case map[string]any:
		for _, item := range n {
			addField(item, field)
		}
		if n["type"] == "record" {
			n["fields"] = append(n["fields"].([]any), field)
		}
	}
}

func plain(t *testing.T, schema string) *goavro.Codec {
	t.Helper()
	c, err := goavro.NewCodec(schema)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func parse(t *testing.T, schema string) *avro.Schema {
	t.Helper()
	s, err := avro.Parse(schema)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
