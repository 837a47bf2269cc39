package codec

import (
	"encoding/hex"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"drover/schemas"
)

var update = flag.Bool("update", false, "write the golden files")

// TestGoldenBytes keeps the wire as it is: a byte that changes here can't be
// read by what is running, or was not meant to change. Each line is an event's
// type and its bytes without the schema's id; below them is what goavro reads.
func TestGoldenBytes(t *testing.T) {
	c, _ := newCodec(t)
	for _, name := range schemas.Topics() {
		rng := rand.New(rand.NewPCG(2026, 4))
		var b strings.Builder
		other := plainCodec(t, name)
		for _, kind := range c.topics[name].kinds {
			event, fleet := random(kind, rng)
			payload, err := c.Encode(name, fleet, event)
			if err != nil {
				t.Fatal(err)
			}
			native, _, err := other.NativeFromBinary(payload[headerSize:])
			if err != nil {
				t.Fatal(err)
			}
			text, err := other.TextualFromNative(nil, native)
			if err != nil {
				text = []byte("(not representable in JSON)") // infinities
			}
			b.WriteString(table[kind].name + " " + hex.EncodeToString(payload[headerSize:]) + "\n" + canonicalJSON(text) + "\n")
		}
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || string(want) != b.String() {
			t.Errorf("%s: the wire has changed (%v). If that was meant and is compatible, run with -update", name, err)
		}
		readGolden(t, c, name, string(want))
	}
}

// readGolden decodes the bytes as they are on disk.
func readGolden(t *testing.T, c *Codec, name, golden string) {
	t.Helper()
	rng := rand.New(rand.NewPCG(2026, 4))
	lines := strings.Split(golden, "\n")
	for i, kind := range c.topics[name].kinds {
		want, fleet := random(kind, rng)
		header, err := c.Encode(name, fleet, want)
		if err != nil || 2*i >= len(lines) {
			t.Fatalf("%s: golden line %d is missing (%v)", name, 2*i, err)
		}
		_, text, _ := strings.Cut(lines[2*i], " ")
		body, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Decode(name, append(header[:headerSize:headerSize], body...))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: golden %s reads as %#v (%v), want %#v", name, table[kind].name, got, err, want)
		}
	}
}
