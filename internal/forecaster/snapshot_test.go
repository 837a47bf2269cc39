package forecaster

import (
	"bytes"
	"testing"
)

func TestASectionIsItsLengthAndItsBytes(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 40_000} {
		content := bytes.Repeat([]byte{7}, n)
		got := appendSection([]byte("before"), func(b []byte) []byte { return append(b, content...) })
		if want := appendBytes([]byte("before"), content); !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %d, want %d", n, len(got), len(want))
		}
	}
}
