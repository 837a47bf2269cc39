package codec

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/linkedin/goavro/v2"

	"drover/schemas"
)

// FuzzDecode compares our reader with goavro on arbitrary bytes: what we take,
// goavro takes and means the same; what goavro takes, we take unless a text is no
// UTF-8 or a number is out of the model's range, which we refuse on purpose.
func FuzzDecode(f *testing.F) {
	c, _ := newCodec(f)
	names := schemas.Topics()
	others := make([]*goavro.Codec, len(names))
	rng := rand.New(rand.NewPCG(3, 3))
	for i, name := range names {
		others[i] = plainCodec(f, name)
		for _, kind := range c.topics[name].kinds {
			event, fleet := random(kind, rng)
			payload, err := c.Encode(name, fleet, event)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(i), payload[headerSize:])
		}
	}
	f.Fuzz(func(t *testing.T, topic uint8, body []byte) {
		i := int(topic) % len(names)
		payload := append(binary.BigEndian.AppendUint32([]byte{0}, c.topics[names[i]].id), body...)
		fleet, event, err := c.DecodeRecord(names[i], payload)
		if err != nil {
			return
		}
		if len(body) > 1<<16 {
			return
		}
		native, rest, err := others[i].NativeFromBinary(body)
		if err != nil || len(rest) > 0 {
			t.Fatalf("%s: we read %#v, goavro refuses: %v, %d bytes left", names[i], event, err, len(rest))
		}
		theirs, err := others[i].BinaryFromNative(nil, native)
		if err != nil {
			t.Fatalf("%s: goavro can't write what it read: %v", names[i], err)
		}
		_, again, err := c.DecodeRecord(names[i], append(payload[:headerSize:headerSize], theirs...))
		if err != nil || !equal(again, event) {
			t.Fatalf("%s: goavro's bytes read as %#v (%v), want %#v", names[i], again, err, event)
		}
		ours, err := c.Encode(names[i], fleet, event)
		if err != nil {
			t.Fatalf("%s: what was read can't be written: %v", names[i], err)
		}
		if _, last, err := c.DecodeRecord(names[i], ours); err != nil || !equal(last, event) {
			t.Fatalf("%s: our own bytes read as %#v (%v), want %#v", names[i], last, err, event)
		}
	})
}

// equal is DeepEqual that takes a NaN as equal to itself, by comparing what
// values print as.
func equal(a, b any) bool {
	return reflect.DeepEqual(a, b) || goString(a) == goString(b)
}

func goString(v any) string { return fmt.Sprintf("%#v", v) }
