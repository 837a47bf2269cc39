package forecast

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"

	"drover/internal/model"
)

// point is one row of a long CSV.
type point struct {
	at    model.Instant
	value float64 // NaN: missing
	line  int
}

// table is a long CSV as read: series in the order of their first rows.
type table struct {
	file  string
	names []string
	rows  map[string][]point
	// repeated says where a series first has two rows of one time; nil: nowhere.
	repeated error
}

// readTable reads unique_id,ds,<column>. Other columns are passed over. A row
// that can't be read is an error that names file, line and field.
func readTable(file string, r io.Reader, column string) (*table, error) {
	c := csv.NewReader(r)
	c.ReuseRecord = true
	head, err := c.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty")
		}
		return nil, fmt.Errorf("%s: line 1: %w; want the header unique_id,ds,%s", file, err, column)
	}
	place, err := columns(head, "unique_id", "ds", column)
	if err != nil {
		return nil, fmt.Errorf("%s: line 1: %w; want the header unique_id,ds,%s, with commas and in UTF-8", file, err, column)
	}
	t := &table{file: file, rows: make(map[string][]point)}
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		line, _ := c.FieldPos(0)
		if err := t.add(line, record[place[0]], record[place[1]], record[place[2]], column); err != nil {
			return nil, err
		}
	}
	if len(t.names) == 0 {
		return nil, fmt.Errorf("%s: no rows after the header", file)
	}
	return t, nil
}

// columns returns where the named columns stand in a header.
func columns(head []string, names ...string) ([]int, error) {
	place := make([]int, len(names))
	for i, name := range names {
		place[i] = -1
		for j, h := range head {
			if strings.TrimPrefix(strings.TrimSpace(h), "\ufeff") == name {
				place[i] = j
			}
		}
		if place[i] < 0 {
			return nil, fmt.Errorf("no column %q in the header %q", name, strings.Join(head, ","))
		}
	}
	return place, nil
}

func (t *table) add(line int, id, ds, y, column string) error {
	if id == "" {
		return fmt.Errorf("%s: line %d: unique_id is empty: name the series", t.file, line)
	}
	at, err := model.ParseInstant(strings.TrimSpace(ds))
	if err != nil {
		return fmt.Errorf("%s: line %d: ds: %w", t.file, line, err)
	}
	value := math.NaN()
	if y = strings.TrimSpace(y); y != "" {
		value, err = strconv.ParseFloat(y, 64)
		if err != nil {
			return fmt.Errorf("%s: line %d: %s: %q is not a number (leave it empty where the value is missing)", t.file, line, column, y)
		}
		if math.IsInf(value, 0) || math.Abs(value) > 1e150 {
			return fmt.Errorf("%s: line %d: %s: %q is out of range", t.file, line, column, y)
		}
	}
	rows, known := t.rows[id]
	if !known {
		id = strings.Clone(id)
		t.names = append(t.names, id)
	}
	if n := len(rows); n > 0 && at <= rows[n-1].at {
		err := fmt.Errorf("%s: line %d: ds: %s of %q is not after %s of line %d: sort rows by time and drop repeats",
			t.file, line, at, id, rows[n-1].at, rows[n-1].line)
		if at < rows[n-1].at {
			return err
		}
		if t.repeated == nil {
			t.repeated = fmt.Errorf("%w, or let --freq take means", err)
		}
	}
	t.rows[id] = append(rows, point{at, value, line})
	return nil
}

// inferStep returns the most frequent distance between neighbouring rows; the
// smaller one where two are as frequent.
func (t *table) inferStep() (time.Duration, error) {
	count := make(map[model.Instant]int)
	for _, name := range t.names {
		rows := t.rows[name]
		for i := 1; i < len(rows); i++ {
			if d := rows[i].at - rows[i-1].at; d > 0 {
				count[d]++
			}
		}
	}
	distances := make([]model.Instant, 0, len(count))
	for d := range count {
		distances = append(distances, d)
	}
	sort.Slice(distances, func(i, j int) bool {
		if a, b := count[distances[i]], count[distances[j]]; a != b {
			return a > b
		}
		return distances[i] < distances[j]
	})
	if len(distances) == 0 && t.repeated != nil {
		return 0, t.repeated
	}
	if len(distances) == 0 {
		return 0, fmt.Errorf("%s: the step can't be inferred from single rows: give --freq", t.file)
	}
	if distances[0] > longestStep {
		name := t.names[0]
		return 0, fmt.Errorf("%s: line %d: ds: rows lie %d days apart, which is no step: check the times or give --freq", t.file, t.rows[name][0].line, distances[0]/day)
	}
	return time.Duration(distances[0]) * time.Millisecond, nil
}

// longestStep is a century: more overflows, and nobody's rows lie so far apart.
const (
	day         = model.Instant(24 * time.Hour / time.Millisecond)
	longestStep = 36_600 * day
)

// defaultSeasons returns the seasons in steps that go with a step: the day and
// the week below a day, the week and the year for days, the year for longer.
func defaultSeasons(step time.Duration) []int {
	const day = 24 * time.Hour
	switch {
	case step < day && day%step == 0:
		return []int{int(day / step), int(7 * day / step)}
	case step == day:
		return []int{7, 365}
	case step == 7*day:
		return []int{52}
	case step >= 28*day && step <= 31*day:
		return []int{12}
	}
	return nil
}
