package jsonscan

import (
	"bytes"
	"errors"
	"fmt"

	"drover/internal/ingest/format"
)

// probeLines is how many lines Records looks at to tell one record a line from
// one document over many lines.
const probeLines = 16

// ErrEmpty says that there is no JSON value at all.
var ErrEmpty = errors.New("empty input: want JSON")

// Records calls yield with each record of data: the elements of an array, one
// value a line, or values one after the other. A record that has no end is
// refused with its line, and reading goes on after it where lines allow. A byte
// order mark, blank lines and commas between records are passed over.
func Records(data []byte, out *format.Out, yield func(record []byte, line int)) {
	fail := out.Reject
	data = BOM(data)
	i := Space(data, 0)
	switch {
	case i >= len(data):
		fail(ErrEmpty)
	case byLine(data[i:]):
		lines(data, out, yield)
	case data[i] == '[':
		for i < len(data) && data[i] == '[' {
			end, err := sequence(data, i+1, out, yield)
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
		if _, err := sequence(data, i, out, yield); err != nil {
			fail(err)
		}
	}
}

// byLine tells whether data is one record a line: the first line is an object of
// its own or, where the first value never ends, one of the next is. (A document
// laid out over many lines may well have whole objects on some of them.)
func byLine(data []byte) bool {
	row, rest, _ := bytes.Cut(data, []byte("\n"))
	if whole(trimLine(row)) {
		return true
	}
	if _, err := Value(data, 0); err == nil {
		return false
	}
	for n := 1; n < probeLines && len(rest) > 0; n++ {
		row, rest, _ = bytes.Cut(rest, []byte("\n"))
		if len(row) > 0 && row[0] == '{' && whole(trimLine(row)) {
			return true
		}
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
func lines(data []byte, out *format.Out, yield func([]byte, int)) {
	for n := 1; len(data) > 0 && !out.GaveUp(); n++ {
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
			out.Reject(fmt.Errorf("line %d: %w", n, err))
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
func sequence(data []byte, i int, out *format.Out, yield func([]byte, int)) (int, error) {
	n, counted := 1, 0
	for {
		i = Space(data, i)
		switch {
		case i >= len(data) || out.GaveUp():
			return len(data), nil
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
