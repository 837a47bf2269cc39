package openmetrics

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
	"unsafe"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// Parse reads one exposition; each sample is a record and a *format.Point. A
// document with a fault anywhere is refused whole: nothing of it is emitted.
func Parse(data []byte, opt format.Options, out *format.Out) {
	samples := 0
	if err := read(data, true, func(*format.Point) { samples++ }); err != nil {
		out.Reject(err)
		return
	}
	if !out.Wanted() {
		out.Records += samples
		return
	}
	// The second pass can't fail: it reads the same bytes.
	_ = read(data, false, func(p *format.Point) {
		if p.At == model.NoInstant {
			p.At = opt.At
		}
		out.Record(p)
	})
}

// document is the state of one pass.
type document struct {
	family *family
	names  map[string]struct{} // every name that a finished family claims
	yield  func(*format.Point)
	point  format.Point
	labels format.Labels
	ended  bool
	// check is false where a pass before this one has found no fault.
	check bool
}

// read checks the document and calls yield with each sample until a fault.
// Without check only what the samples are made of is read.
func read(data []byte, check bool, yield func(*format.Point)) error {
	if check && !utf8.Valid(data) {
		return errors.New("the text is not UTF-8")
	}
	d := &document{names: map[string]struct{}{}, yield: yield, check: check}
	// The samples' names and labels refer to data, which nobody changes.
	text := unsafe.String(unsafe.SliceData(data), len(data))
	for n := 1; len(text) > 0; n++ {
		if d.ended {
			return fmt.Errorf("line %d: text after # EOF", n)
		}
		row, rest, terminated := strings.Cut(text, "\n")
		text = rest
		if err := d.line(row); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if !terminated && !d.ended {
			return fmt.Errorf("line %d: the line has no end", n)
		}
	}
	if !d.ended {
		return errors.New("the text does not end in # EOF")
	}
	return nil
}

func (d *document) line(row string) error {
	switch {
	case row == "# EOF":
		d.ended = true
		return d.finish()
	case row == "":
		return errors.New("blank lines are not allowed")
	case row[0] == '#':
		return d.metadata(row)
	}
	if err := format.CheckLine(row); err != nil {
		return err
	}
	s, err := readSample(row, d.labels)
	d.labels = s.labels[:0]
	if err != nil {
		return err
	}
	suffix, ok := "", false
	if d.family != nil {
		suffix, ok = d.family.suffixOf(s.name)
	}
	if !ok {
		if err := d.start(s.name); err != nil {
			return err
		}
		suffix = ""
	}
	if d.check {
		if err := d.family.add(s, suffix); err != nil {
			return err
		}
	}
	d.emit(s, suffix)
	return nil
}

// metadata reads a line "# HELP|TYPE|UNIT name text".
func (d *document) metadata(row string) error {
	parts := strings.SplitN(row, " ", 4)
	if len(parts) < 4 || parts[0] != "#" {
		return fmt.Errorf("%.40q: want # HELP, # TYPE or # UNIT with a name and a text, or # EOF", row)
	}
	keyword, name, text := parts[1], parts[2], parts[3]
	c := cursor{text: name}
	if _, err := c.name(true); err != nil || !c.end() {
		return fmt.Errorf("%q is no metric name", name)
	}
	if d.family == nil || d.family.name != name {
		if err := d.start(name); err != nil {
			return err
		}
	}
	f := d.family
	if f.started {
		return fmt.Errorf("# %s %s comes after the family's samples", keyword, name)
	}
	switch keyword {
	case "HELP":
		if f.hasHelp {
			return fmt.Errorf("# HELP %s comes twice", name)
		}
		f.hasHelp = true
	case "TYPE":
		if f.kind != "" {
			return fmt.Errorf("# TYPE %s comes twice", name)
		}
		if _, ok := suffixes[text]; !ok {
			return fmt.Errorf("# TYPE %s %q: no such type", name, text)
		}
		f.kind = text
	case "UNIT":
		if f.hasUnit {
			return fmt.Errorf("# UNIT %s comes twice", name)
		}
		unit := cursor{text: text}
		for !unit.end() {
			if b := unit.text[unit.at]; !unitByte(b) {
				return fmt.Errorf("# UNIT %s %q: a unit is made of letters, digits, colons and _", name, text)
			}
			unit.at++
		}
		f.hasUnit, f.unit = true, text
	default:
		return fmt.Errorf("# %s: want HELP, TYPE, UNIT or EOF", keyword)
	}
	return nil
}

func unitByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == ':'
}

// start ends the family before and opens the next.
func (d *document) start(name string) error {
	before := d.family
	if err := d.finish(); err != nil {
		return err
	}
	d.family = newFamily(name, before)
	return nil
}

// finish checks the family that ends and claims its names.
func (d *document) finish() error {
	f := d.family
	d.family = nil
	if f == nil || !d.check {
		return nil
	}
	if err := f.end(); err != nil {
		return err
	}
	claim := func(name string) error {
		if _, taken := d.names[name]; taken {
			return fmt.Errorf("%s: the name is used by another family", name)
		}
		d.names[name] = struct{}{}
		return nil
	}
	if err := claim(f.name); err != nil {
		return err
	}
	for _, suffix := range suffixes[f.typ()] {
		if suffix == "" {
			continue
		}
		if err := claim(f.name + suffix); err != nil {
			return err
		}
	}
	return nil
}

// emit hands a checked sample on.
func (d *document) emit(s sample, suffix string) {
	p := &d.point
	p.Name, p.Value, p.Unit, p.At = s.name, s.value, d.family.unit, 0
	if s.hasStamp {
		p.At = model.Instant(s.stamp.millis())
	}
	p.Type = pointType(d.family.kind, suffix)
	if !d.check {
		p.Labels = append(p.Labels[:0], s.labels...)
		p.Labels.Sort()
	}
	d.yield(p)
}

// pointType returns how the values of a series are to be read.
func pointType(kind, suffix string) format.PointType {
	switch kind {
	case "counter", "histogram", "summary":
		switch suffix {
		case "_total", "_bucket", "_count", "_sum":
			return format.TypeCounter
		}
		return format.TypeGauge
	case "gauge", "gaugehistogram", "info", "stateset":
		return format.TypeGauge
	}
	return format.TypeUnknown
}
