package jsonscan

import (
	"bytes"
	"errors"
	"fmt"
)

// probeLines is how many lines Records looks at to tell one record a line from
// one document over many lines.
const probeLines = 16

// ErrEmpty says that there is no JSON value at all.
var ErrEmpty = errors.New("empty input: want JSON")

// Records calls yield with each record of data: the elements of an array, one
// value a line, or values one after the other. A record that has no end is
// given to fail with its line, and reading goes on after it where lines allow.
// A byte order mark, blank lines and commas between records are passed over.
func Records(data []byte, yield func(record []byte, line int), fail func(err error)) {
	data = BOM(data)
	i := Space(data, 0)
	switch {
	case i >= len(data):
		fail(ErrEmpty)
	case byLine(data[i:]):
		lines(data, yield, fail)
	case data[i] == '[':
		for i < len(data) && data[i] == '[' {
			end, err := sequence(data, i+1, yield)
			if err != nil {
				fail(err)
				return
			}
			i = Space(data, end)
		}
		if i < len(data) {
			fail(fmt.Errorf("line %d: unexpected %s after the array", line(data, i), opening(data, i)))
		}
	default:
		if _, err := sequence(data, i, yield); err != nil {
			fail(err)
		}
	}
}

// byLine tells whether one of the first lines is an object of its own. Indented
// lines do not count: they are parts of a document laid out over many lines.
func byLine(data []byte) bool {
	for n := 0; n < probeLines && len(data) > 0; n++ {
		row, rest, _ := bytes.Cut(data, []byte("\n"))
		if len(row) > 0 && row[0] == '{' && whole(trimLine(row)) {
			return true
		}
		data = rest
	}
	return false
}

// trimLine cuts white space and one comma at the end of a line.
func trimLine(row []byte) []byte {
	return bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(row), []byte(",")))
}

// whole tells whether row is exactly one object.
func whole(row []byte) bool {
	if len(row) == 0 || row[0] != '{' {
		return false
	}
	end, err := Value(row, 0)
	return err == nil && end == len(row)
}

// lines reads one record a line; lines that hold only an array's bracket pass.
func lines(data []byte, yield func([]byte, int), fail func(error)) {
	for n := 1; len(data) > 0; n++ {
		row, rest, _ := bytes.Cut(data, []byte("\n"))
		data = rest
		row = trimLine(row)
		if n == 1 && len(row) > 1 && row[0] == '[' {
			row = trimLine(row[1:])
		}
		if len(rest) == 0 && len(row) > 1 && row[0] == '{' && row[len(row)-1] == ']' {
			row = trimLine(row[:len(row)-1])
		}
		if len(row) == 0 || len(row) == 1 && (row[0] == '[' || row[0] == ']') {
			continue
		}
		end, err := Value(row, 0)
		if err == nil && end != len(row) {
			err = several(row, n, yield)
			if err == nil {
				continue
			}
		}
		if err != nil {
			fail(fmt.Errorf("line %d: %w", n, err))
			continue
		}
		yield(row, n)
	}
}

// several reads a line that holds more than one value.
func several(row []byte, n int, yield func([]byte, int)) error {
	for i := 0; i < len(row); {
		end, err := Value(row, i)
		if err != nil {
			return err
		}
		yield(row[i:end], n)
		for i = Space(row, end); i < len(row) && row[i] == ','; i = Space(row, i+1) {
		}
	}
	return nil
}

// sequence reads values one after the other until the end of data or a closing
// bracket, and returns the index behind it.
func sequence(data []byte, i int, yield func([]byte, int)) (int, error) {
	n, counted := 1, 0
	for {
		i = Space(data, i)
		switch {
		case i >= len(data):
			return i, nil
		case data[i] == ',':
			i++
			continue
		case data[i] == ']':
			return i + 1, nil
		}
		n += bytes.Count(data[counted:i], []byte("\n"))
		counted = i
		end, err := Value(data, i)
		if err != nil {
			return i, fmt.Errorf("line %d: %w", n, err)
		}
		yield(data[i:end], n)
		i = end
	}
}

// line returns the number of the line that data[i] stands in.
func line(data []byte, i int) int { return 1 + bytes.Count(data[:i], []byte("\n")) }
