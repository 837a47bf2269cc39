package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/bits"
	"slices"
	"testing"
)

// small writes a picture again with 256 of its colours: pages have few, so that
// nothing is seen of it, and the file is a third.
func small(text []byte) ([]byte, error) {
	picture, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	exact := map[color.RGBA]int{}
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			exact[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	// Colours that differ in the last three bits of a channel count as one: the
	// most frequent of them.
	type bucket struct {
		colour      color.RGBA
		most, count int
	}
	seen := map[[3]uint8]*bucket{}
	for c, n := range exact {
		key := [3]uint8{c.R >> 3, c.G >> 3, c.B >> 3}
		b := seen[key]
		if b == nil {
			b = &bucket{}
			seen[key] = b
		}
		if b.count += n; n > b.most || n == b.most && cmp.Compare(rank(c), rank(b.colour)) < 0 {
			b.colour, b.most = c, n
		}
	}
	var all []*bucket
	for _, b := range seen {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b *bucket) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(rank(a.colour), rank(b.colour)))
	})
	colours, counts := make([]color.RGBA, len(all)), make([]int, len(all))
	for i, b := range all {
		colours[i], counts[i] = b.colour, b.count
	}
	palette := choose(colours, counts, 256)
	out := image.NewPaletted(picture.Bounds(), palette)
	draw.Draw(out, out.Bounds(), picture, picture.Bounds().Min, draw.Src)
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out); err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	return b.Bytes(), nil
}

// choose picks colours so that what is left out stands near one that is in: the
// most frequent first, then always the one that would be missed most. A rare
// orange counts for more than one more grey of a letter's edge.
func choose(colours []color.RGBA, counts []int, most int) color.Palette {
	palette := color.Palette{}
	missed := make([]int, len(colours)) // squared distance to the nearest that is in
	next := 0
	for len(palette) < min(most, len(colours)) {
		in := colours[next]
		palette = append(palette, in)
		for i, c := range colours {
			dr, dg, db := int(c.R)-int(in.R), int(c.G)-int(in.G), int(c.B)-int(in.B)
			if d := dr*dr + dg*dg + db*db; len(palette) == 1 || d < missed[i] {
				missed[i] = d
			}
		}
		next = 0
		for i := range colours {
			if missed[i]*bits.Len(uint(counts[i])) > missed[next]*bits.Len(uint(counts[next])) {
				next = i
			}
		}
	}
	return palette
}

// TestARareColourIsKept: a hundred greys must not push out the one red.
func TestARareColourIsKept(t *testing.T) {
	var colours []color.RGBA
	var counts []int
	for i := range 100 {
		colours, counts = append(colours, color.RGBA{R: uint8(i), G: uint8(i), B: uint8(i), A: 255}), append(counts, 1000-i)
	}
	red := color.RGBA{R: 200, A: 255}
	palette := choose(append(colours, red), append(counts, 3), 16)
	if len(palette) != 16 || palette[0] != colours[0] || !slices.Contains(palette, color.Color(red)) {
		t.Errorf("%v", palette)
	}
}

// rank puts colours in a fixed order.
func rank(c color.RGBA) uint32 { return uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B) }
