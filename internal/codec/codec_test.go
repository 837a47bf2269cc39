package codec

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/linkedin/goavro/v2"

	"drover/internal/model"
	"drover/schemas"
)

func TestEveryEventComesBackAsItWas(t *testing.T) {
	c, _ := newCodec(t)
	decoder := c.NewDecoder()
	rng := rand.New(rand.NewPCG(7, 1))
	topics := carriers(t, c)
	for kind := range kindCount {
		if len(topics[kind]) == 0 {
			t.Errorf("no topic carries %s", table[kind].name)
		}
		for range 50 {
			event, fleet := random(kind, rng)
			for _, topic := range topics[kind] {
				payload, err := c.Encode(topic, fleet, event)
				if err != nil {
					t.Fatal(err)
				}
				gotFleet, got, err := decoder.Decode(topic, payload)
				if err != nil {
					t.Fatal(err)
				}
				if gotFleet != fleet || !reflect.DeepEqual(got, event) {
					t.Fatalf("%s in %s:\n got %#v of %q\nwant %#v of %q\n(a new field of the model needs a place in schemas/%s.avsc and in this package)",
						table[kind].name, topic, got, gotFleet, event, fleet, topic)
				}
				again, err := c.Encode(topic, fleet, got)
				if err != nil || !slices.Equal(again, payload) {
					t.Fatalf("%s: the same event gave other bytes (%v)", topic, err)
				}
			}
		}
	}
}

// plainCodec is goavro's for a topic, without logical types: goavro would turn
// times into another Go type.
func plainCodec(t testing.TB, topic string) *goavro.Codec {
	t.Helper()
	text, err := schemas.Of(topic)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := goavro.NewCodec(strings.ReplaceAll(text, `{"type": "long", "logicalType": "timestamp-millis"}`, `"long"`))
	if err != nil {
		t.Fatal(err)
	}
	return codec
}

func TestBytesAreThoseOfGoavro(t *testing.T) {
	c, _ := newCodec(t)
	rng := rand.New(rand.NewPCG(8, 1))
	for kind, topics := range carriers(t, c) {
		for _, topic := range topics {
			other := plainCodec(t, topic)
			for range 20 {
				event, fleet := random(kind, rng)
				payload, err := c.Encode(topic, fleet, event)
				if err != nil {
					t.Fatal(err)
				}
				native, rest, err := other.NativeFromBinary(payload[headerSize:])
				if err != nil || len(rest) > 0 {
					t.Fatalf("%s: goavro can't read our bytes: %v, %d left", topic, err, len(rest))
				}
				theirs, err := other.BinaryFromNative(slices.Clone(payload[:headerSize]), native)
				if err != nil {
					t.Fatal(err)
				}
				_, got, err := c.DecodeRecord(topic, theirs) // maps may be in another order
				if err != nil || !reflect.DeepEqual(got, event) {
					t.Fatalf("%s: from goavro's bytes came %#v (%v), want %#v", topic, got, err, event)
				}
				if len(theirs) != len(payload) {
					t.Fatalf("%s: goavro makes %d bytes of it, we make %d", topic, len(theirs), len(payload))
				}
			}
		}
	}
}

func TestEmptyListsAreNil(t *testing.T) {
	c, _ := newCodec(t)
	payload, err := c.Encode("metrics", "f", model.Metric{Fleet: "f", Samples: []model.Sample{}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Decode("metrics", payload)
	if err != nil || got.(model.Metric).Samples != nil {
		t.Errorf("got %#v, %v", got, err)
	}
}

func TestFloatsKeepTheirBits(t *testing.T) {
	c, _ := newCodec(t)
	for _, bits := range []uint64{0x7ff8000000000001, 0xfff0000000000000, 0x8000000000000000, 1} {
		m := model.Metric{Fleet: "f", Samples: []model.Sample{{Value: math.Float64frombits(bits)}}}
		payload, err := c.Encode("metrics", "f", m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Decode("metrics", payload)
		if err != nil {
			t.Fatal(err)
		}
		if have := math.Float64bits(got.(model.Metric).Samples[0].Value); have != bits {
			t.Errorf("bits %x came back as %x", bits, have)
		}
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	c, _ := newCodec(t)
	cases := []struct {
		name, topic string
		fleet       model.FleetID
		event       any
		class       string
	}{
		{"no such topic", "nowhere", "f", model.Heartbeat{}, ClassSchema},
		{"not an event", "metrics", "f", 7, ClassValue},
		{"an event of another topic", "metrics", "f", model.Plan{Fleet: "f"}, ClassValue},
		{"another fleet's event", "plans", "f", model.Plan{Fleet: "g"}, ClassValue},
		{"a resource that isn't", "metrics", "f", model.Metric{Fleet: "f", Samples: []model.Sample{{Resource: 9}}}, ClassValue},
		{"text that isn't UTF-8", "plans", "f", model.Plan{Fleet: "f", Reason: "\xff"}, ClassValue},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			_, err := c.Encode(k.topic, k.fleet, k.event)
			var typed *Error
			if !errors.As(err, &typed) || typed.Class != k.class {
				t.Errorf("error %v, want class %s", err, k.class)
			}
		})
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	c, _ := newCodec(t)
	good, err := c.Encode("metrics", "f", model.Metric{Fleet: "f", Entity: "app:web", Samples: []model.Sample{{Value: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	unknown := slices.Clone(good)
	unknown[1] = 99
	foreign, err := c.Encode("plans", "f", model.Plan{Fleet: "f"})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name    string
		payload []byte
		class   string
	}{
		{"nothing", nil, ClassDecode},
		{"text", []byte(`{"cpu": 1}`), ClassDecode},
		{"cut off", good[:len(good)-3], ClassDecode},
		{"bytes after the value", append(slices.Clone(good), 0), ClassDecode},
		{"unknown schema", unknown, ClassSchema},
		{"another topic's schema", foreign, ClassSchema},
	}
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) {
			_, err := c.Decode("metrics", k.payload)
			var typed *Error
			if !errors.As(err, &typed) || typed.Class != k.class || typed.Topic != "metrics" {
				t.Errorf("error %v, want class %s", err, k.class)
			}
		})
	}
}
