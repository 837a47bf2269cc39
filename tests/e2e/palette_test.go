package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
)

// small writes a picture again with its 256 most frequent colours: pages have
// few, so that nothing is seen of it, and the file is a third.
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
	var palette color.Palette
	for _, b := range all[:min(256, len(all))] {
		palette = append(palette, b.colour)
	}
	out := image.NewPaletted(picture.Bounds(), palette)
	draw.Draw(out, out.Bounds(), picture, picture.Bounds().Min, draw.Src)
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out); err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	return b.Bytes(), nil
}

// rank puts colours in a fixed order.
func rank(c color.RGBA) uint32 { return uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B) }
