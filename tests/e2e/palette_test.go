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
	// Colours that differ in the last three bits of a channel count as one.
	type bucket struct {
		colour color.RGBA
		count  int
	}
	seen := map[[3]uint8]*bucket{}
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			c := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)
			key := [3]uint8{c.R >> 3, c.G >> 3, c.B >> 3}
			if seen[key] == nil {
				seen[key] = &bucket{colour: c}
			}
			seen[key].count++
		}
	}
	var all []*bucket
	for _, b := range seen {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b *bucket) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.colour.R, b.colour.R), cmp.Compare(a.colour.G, b.colour.G), cmp.Compare(a.colour.B, b.colour.B))
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
