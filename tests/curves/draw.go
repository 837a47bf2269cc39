package main

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// The picture's measures in pixels.
const (
	width, height = 560, 280
	left, right   = 70, 20
	top, bottom   = 40, 50
)

// draw returns the picture: values from zero over the logarithm of the numbers,
// each point with its value.
func (c *curve) draw() string {
	low, high, most := math.Inf(1), math.Inf(-1), 0.0
	for _, p := range c.points {
		low, high, most = min(low, p.x), max(high, p.x), max(most, p.y)
	}
	span := math.Log(high / low)
	if !(span > 0) {
		span = 1
	}
	if most <= 0 {
		most = 1
	}
	most *= 1.25
	x := func(v float64) float64 { return left + (width-left-right)*math.Log(v/low)/span }
	y := func(v float64) float64 { return height - bottom - (height-top-bottom)*v/most }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<title>%s</title><rect width="100%%" height="100%%" fill="#fff"/>`+"\n", html.EscapeString(c.title()))
	fmt.Fprintf(&b, `<text x="%d" y="24" font-size="14">%s</text>`+"\n", left, html.EscapeString(c.title()))
	fmt.Fprintf(&b, `<path d="M%d %dV%dH%d" fill="none" stroke="#888"/>`+"\n", left, top, height-bottom, width-right)
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">0</text>`+"\n", left-8, height-bottom+4)
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", left-8, top+4, short(most))
	var path strings.Builder
	for i, p := range c.points {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", command, x(p.x), y(p.y))
	}
	fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="#1f6feb" stroke-width="2"/>`+"\n", path.String())
	for _, p := range c.points {
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="4" fill="#1f6feb"/>`, x(p.x), y(p.y))
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, x(p.x), y(p.y)-10, short(p.y))
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(p.x), height-bottom+18, short(p.x))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n</svg>\n", (left+width-right)/2, height-12, html.EscapeString(c.label))
	return b.String()
}

func (c *curve) title() string { return c.benchmark + ": " + c.unit }

// short writes a number with at most three digits and thousands as k and M.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 3, 64) + "M"
	case v >= 1e4:
		return strconv.FormatFloat(math.Round(v/100)/10, 'g', 3, 64) + "k"
	}
	return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
}
