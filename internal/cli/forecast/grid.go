package forecast

import (
	"fmt"
	"math"
	"time"

	"drover/internal/forecast/panel"
	"drover/internal/model"
)

// maxGrid bounds how many steps the gaps of one series may add up to.
const maxGrid = 20_000_000

// gridding says how rows become steps.
type gridding struct {
	step    time.Duration
	seasons []int
	// means takes the mean of each step where rows lie on no grid or share a time;
	// otherwise such rows are errors.
	means bool
	// moved is called for each series that means were taken of.
	moved func(name string)
}

// panel puts the rows on a grid.
func (t *table) panel(g gridding) (*panel.Panel, error) {
	if t.repeated != nil && !g.means {
		return nil, t.repeated
	}
	p := &panel.Panel{Step: g.step, Seasons: g.seasons}
	for _, name := range t.names {
		rows := t.rows[name]
		for len(rows) > 0 && math.IsNaN(rows[0].value) {
			rows = rows[1:]
		}
		if len(rows) == 0 {
			return nil, fmt.Errorf("%s: line %d: y: series %q has no value at all", t.file, t.rows[name][0].line, name)
		}
		s, err := t.series(name, rows, g)
		if err != nil {
			return nil, err
		}
		p.Series = append(p.Series, s)
	}
	return p, nil
}

// series puts one series, which begins with a value, on a grid that begins with
// its first row, or where means are taken at a whole number of steps since 1970.
func (t *table) series(name string, rows []point, g gridding) (panel.Series, error) {
	width := model.Instant(g.step.Milliseconds())
	start := rows[0].at
	if off, repeats := offGrid(rows, width); off != nil || repeats {
		if !g.means {
			return panel.Series{}, fmt.Errorf("%s: line %d: ds: %s of %q is not a whole number of steps of %v after %s: give the step with --freq, and means of each step are taken",
				t.file, off.line, off.at, name, g.step, start)
		}
		start = start.Floor(g.step)
		g.moved(name)
	}
	last := rows[len(rows)-1]
	span := (last.at - start) / width
	if span > maxGrid || len(rows) < 3 && span > 1_000_000 {
		return panel.Series{}, fmt.Errorf("%s: line %d: ds: series %q spans %d steps of %v: check the times or give --freq", t.file, last.line, name, span, g.step)
	}
	values, counts := make([]float64, span+1), make([]int, span+1)
	for _, r := range rows {
		if i := (r.at - start) / width; !math.IsNaN(r.value) {
			values[i] += r.value
			counts[i]++
		}
	}
	for i, n := range counts {
		switch n {
		case 0:
			values[i] = math.NaN()
		case 1:
		default:
			values[i] /= float64(n)
		}
	}
	return panel.Series{ID: name, Start: start, Values: values}, nil
}

// offGrid returns the first row that is no whole number of steps after the first
// one, and whether two share a time.
func offGrid(rows []point, width model.Instant) (off *point, repeats bool) {
	for i := range rows {
		if off == nil && (rows[i].at-rows[0].at)%width != 0 {
			off = &rows[i]
		}
		repeats = repeats || i > 0 && rows[i].at == rows[i-1].at
	}
	return off, repeats
}
