// Package table reads CSV with a header row for the formats that are tables:
// columns by name, in any order, faults by line.
package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
)

// Header says which column holds what; names are in lower case without space
// around them.
type Header map[string]int

// Has tells whether the table has a column.
func (h Header) Has(name string) bool {
	_, ok := h[name]
	return ok
}

// Row is one row of a table; its cells are only valid until the next is read.
type Row struct {
	Header Header
	Cells  []string
	// Line is where the row starts, from 1.
	Line int
}

// Get returns the cell of a column without space around it, empty where the
// table has no such column.
func (r Row) Get(name string) string {
	if i, ok := r.Header[name]; ok && i < len(r.Cells) {
		return strings.TrimSpace(r.Cells[i])
	}
	return ""
}

// Read calls start with the header and then each with every row. An error of
// start ends the reading, an error of each refuses that row alone; both are
// given the line. Comma, semicolon and tab are told apart by the header.
func Read(data []byte, out *format.Out, start func(Header) error, each func(Row) error) {
	data = jsonscan.BOM(data)
	if len(bytes.TrimSpace(data)) == 0 {
		out.Reject(errors.New("empty input: want a CSV header and rows"))
		return
	}
	if err := format.CheckLines(data); err != nil {
		out.Reject(err)
		return
	}
	reader := csv.NewReader(bytes.NewReader(data))
	reader.ReuseRecord = true
	reader.Comma = separator(data)
	reader.TrimLeadingSpace = reader.Comma != '\t'
	cells, err := reader.Read()
	if err != nil {
		out.Reject(fmt.Errorf("header: %w", err))
		return
	}
	header := make(Header, len(cells))
	for i, c := range cells {
		header[strings.ToLower(strings.TrimSpace(c))] = i
	}
	if err := start(header); err != nil {
		out.Reject(fmt.Errorf("line 1: %w", err))
		return
	}
	for !out.GaveUp() {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		line, err := place(reader, cells, header, err)
		if err == nil {
			err = each(Row{Header: header, Cells: cells, Line: line})
		}
		if err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
		}
	}
}

// place returns the line of what was read last, and its error without the line.
func place(reader *csv.Reader, cells []string, header Header, err error) (int, error) {
	var fault *csv.ParseError
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		line, _ := reader.FieldPos(0)
		return line, fmt.Errorf("%d cells where the header has %d", len(cells), len(header))
	case errors.As(err, &fault):
		return fault.StartLine, fault.Err
	case err != nil:
		return 0, err
	}
	line, _ := reader.FieldPos(0)
	return line, nil
}

// separator returns the likeliest of comma, semicolon and tab by the first line.
func separator(data []byte) rune {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	best, most := ',', bytes.Count(first, []byte(","))
	for _, c := range ";\t" {
		if n := bytes.Count(first, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// Missing returns an error that names the first of the columns that the header
// lacks, nil where all are there.
func Missing(header Header, columns ...string) error {
	for _, c := range columns {
		if !header.Has(c) {
			return fmt.Errorf("column %q is missing: want %s", c, strings.Join(columns, ", "))
		}
	}
	return nil
}
