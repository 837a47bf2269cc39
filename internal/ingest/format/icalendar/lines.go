package icalendar

import (
	"bytes"
	"strings"
	"unsafe"
)

// property is one content line: NAME;PARAM=VALUE:value.
type property struct {
	name   string
	params []param
	value  string
}

type param struct{ name, value string }

// param returns a parameter's value.
func (p *property) param(name string) string {
	for _, q := range p.params {
		if q.name == name {
			return q.value
		}
	}
	return ""
}

// scanner yields content lines, folded ones joined.
type scanner struct {
	data []byte
	line int // of the content line returned last, from 1
	next int
}

// scan returns the next content line that is not blank.
func (s *scanner) scan() (row []byte, ok bool) {
	for len(s.data) > 0 {
		s.next++
		s.line = s.next
		row = s.cut()
		var joined []byte
		for len(s.data) > 0 && (s.data[0] == ' ' || s.data[0] == '\t') {
			s.next++
			if joined == nil {
				joined = append(make([]byte, 0, 2*len(row)), row...)
			}
			joined = append(joined, s.cut()[1:]...)
		}
		if joined != nil {
			row = joined
		}
		if len(bytes.TrimSpace(row)) > 0 {
			return row, true
		}
	}
	return nil, false
}

// cut takes one physical line off the data.
func (s *scanner) cut() []byte {
	row, rest, _ := bytes.Cut(s.data, []byte("\n"))
	s.data = rest
	return bytes.TrimSuffix(row, []byte("\r"))
}

// split parts a content line. ok is false for text that is none.
func split(row []byte) (p property, ok bool) {
	// Rows are parts of the input or fresh; nobody changes either.
	text := unsafe.String(unsafe.SliceData(row), len(row))
	i := strings.IndexAny(text, ":;")
	if i <= 0 {
		return p, false
	}
	p.name = strings.ToUpper(strings.TrimSpace(text[:i]))
	for text[i] == ';' {
		end := paramEnd(text, i+1)
		if end < 0 {
			return p, false
		}
		name, value, _ := strings.Cut(text[i+1:end], "=")
		p.params = append(p.params, param{strings.ToUpper(name), strings.Trim(value, `"`)})
		i = end
	}
	p.value = text[i+1:]
	return p, true
}

// paramEnd returns the index of the ; or : that ends a parameter, -1 without one.
func paramEnd(text string, i int) int {
	quoted := false
	for ; i < len(text); i++ {
		switch text[i] {
		case '"':
			quoted = !quoted
		case ';', ':':
			if !quoted {
				return i
			}
		}
	}
	return -1
}

var unescaper = strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`)

// unescape returns a TEXT value as people read it.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return strings.TrimSpace(s)
	}
	return strings.TrimSpace(unescaper.Replace(s))
}
