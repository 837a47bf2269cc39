package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// gap is how one search closed in on its lower bound.
type gap struct {
	name  string
	bound float64
	way   []point // CPU seconds, cost
	marks []mark
}

// mark is a value to compare with.
type mark struct {
	name string
	cost float64
}

// drawGaps draws the traces of `drover solve roadef --trace`, one picture each;
// a file's name is the instance's.
func drawGaps(out, reference string, files []string) error {
	known, err := readReference(reference)
	if err != nil {
		return err
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		g, err := readTrace(f)
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		g.name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		g.marks = known[g.name]
		path = filepath.Join(out, "gap-"+g.name+".svg")
		if err := os.WriteFile(path, []byte(g.draw()), 0o644); err != nil {
			return err
		}
		fmt.Println(path)
	}
	return nil
}

// readTrace reads rows of cpu_s,evaluations,cost and the bound in a comment.
func readTrace(r io.Reader) (*gap, error) {
	g := &gap{}
	in := bufio.NewScanner(r)
	for n := 1; in.Scan(); n++ {
		text := in.Text()
		if v, ok := strings.CutPrefix(text, "# lower_bound "); ok {
			bound, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return nil, fmt.Errorf("line %d: lower bound: %w", n, err)
			}
			g.bound = bound
			continue
		}
		if n == 1 {
			continue // the names of the columns
		}
		var p point
		var evaluations float64
		if _, err := fmt.Sscanf(strings.ReplaceAll(text, ",", " "), "%g %g %g", &p.x, &evaluations, &p.y); err != nil {
			return nil, fmt.Errorf("line %d: %q: want cpu_s,evaluations,cost", n, text)
		}
		g.way = append(g.way, p)
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if len(g.way) < 2 || g.bound <= 0 {
		return nil, fmt.Errorf("%d rows and the lower bound %g: nothing to draw", len(g.way), g.bound)
	}
	return g, nil
}

// readReference reads the values to compare with, by instance; no path, no marks.
func readReference(path string) (map[string][]mark, error) {
	known := map[string][]mark{}
	if path == "" {
		return known, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, row := range rows[min(1, len(rows)):] {
		if len(row) != 5 {
			return nil, fmt.Errorf("%s: %q: want instance, initial, bound, best known, winner", path, row)
		}
		for k, name := range []string{"best known", "winner, 300 s"} {
			cost, err := strconv.ParseFloat(row[3+k], 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", path, row[0], err)
			}
			known[row[0]] = append(known[row[0]], mark{name, cost})
		}
	}
	return known, nil
}

// leastGap is the smallest gap that a picture tells apart, in per cent.
const leastGap = 0.001

// percent is a cost's distance to the bound.
func (g *gap) percent(cost float64) float64 { return max(leastGap, 100*(cost/g.bound-1)) }

// draw returns the picture: the gap in per cent over CPU seconds, both on
// logarithmic axes.
func (g *gap) draw() string {
	low, high := math.Inf(1), 0.0
	for _, p := range g.way {
		if p.x > 0 {
			low, high = min(low, p.x), max(high, p.x)
		}
	}
	least, most := g.percent(g.way[len(g.way)-1].y), g.percent(g.way[0].y)
	for _, m := range g.marks {
		least = min(least, g.percent(m.cost))
	}
	x := axis{low, high * 1.1, left, width - right - 60}
	y := axis{least / 1.5, most * 1.2, height - bottom, top}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height, width, height)
	title := html.EscapeString(g.name + ": gap to the lower bound, %")
	fmt.Fprintf(&b, `<title>%s</title><rect width="100%%" height="100%%" fill="#fff"/>`+"\n", title)
	fmt.Fprintf(&b, `<text x="%d" y="24" font-size="14">%s</text>`+"\n", left, title)
	fmt.Fprintf(&b, `<path d="M%d %dV%dH%g" fill="none" stroke="#888"/>`+"\n", left, top, height-bottom, x.end)
	for _, v := range x.ticks() {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n", x.at(v), height-bottom+18, v)
	}
	for _, v := range y.ticks() {
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n", left-8, y.at(v)+4, v)
	}
	g.drawMarks(&b, x, y)
	g.drawWay(&b, x, y)
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">CPU seconds</text>`+"\n</svg>\n", (left+width-right)/2, height-12)
	return b.String()
}

// drawMarks draws the values to compare with, their names apart by a line.
func (g *gap) drawMarks(b *strings.Builder, x, y axis) {
	for k, m := range g.marks {
		at := y.at(g.percent(m.cost))
		fmt.Fprintf(b, `<path d="M%d %.1fH%g" stroke="#c60" stroke-dasharray="4 4"/>`, left, at, x.end)
		fmt.Fprintf(b, `<text x="%d" y="%.1f" fill="#c60">%s %s</text>`+"\n", left+8+170*k, at-4, m.name, percentText(g.percent(m.cost)))
	}
}

// drawWay draws the cost as steps, since a placement holds until a better one is
// found, with the last gap beside it.
func (g *gap) drawWay(b *strings.Builder, x, y axis) {
	var path strings.Builder
	fmt.Fprintf(&path, "M%.1f %.1f", x.from, y.at(g.percent(g.way[0].y)))
	for _, p := range g.way[1:] {
		fmt.Fprintf(&path, "H%.1fV%.1f", x.at(max(p.x, x.low)), y.at(g.percent(p.y)))
	}
	fmt.Fprintf(b, `<path d="%s" fill="none" stroke="#1f6feb" stroke-width="2"/>`+"\n", path.String())
	last := g.way[len(g.way)-1]
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="#1f6feb">%s</text>`+"\n", x.at(last.x)+4, y.at(g.percent(last.y))+4, percentText(g.percent(last.y)))
}

// percentText writes a gap with two significant digits.
func percentText(v float64) string { return strconv.FormatFloat(v, 'g', 2, 64) + " %" }

// axis maps values to pixels by logarithm.
type axis struct{ low, high, from, end float64 }

func (a axis) at(v float64) float64 {
	return a.from + (a.end-a.from)*math.Log(v/a.low)/math.Log(a.high/a.low)
}

// ticks are the powers of ten within the axis, or its ends where there are none.
func (a axis) ticks() []float64 {
	var out []float64
	for e := math.Ceil(math.Log10(a.low) - 1e-9); e <= math.Log10(a.high)+1e-9; e++ {
		out = append(out, math.Pow(10, e))
	}
	return out
}
