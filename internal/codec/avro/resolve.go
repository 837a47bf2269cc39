package avro

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// Resolver rewrites values of a writer's schema as values of a reader's. It is
// safe for concurrent use.
type Resolver struct{ writer, reader *Schema }

// NewResolver returns a resolver. Make sure that the pair is Compatible;
// otherwise Resolve may fail on some values.
func NewResolver(writer, reader *Schema) *Resolver { return &Resolver{writer, reader} }

// Resolve appends to dst the reader's form of one value of the writer's, which
// payload has to hold exactly.
func (r *Resolver) Resolve(dst, payload []byte) ([]byte, error) {
	dst, rest, err := resolve(dst, payload, r.writer, r.reader, 0)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("avro: %d bytes after the value", len(rest))
	}
	return dst, nil
}

func resolve(dst, b []byte, w, r *Schema, depth int) (out, rest []byte, err error) {
	if depth > maxValueDepth {
		return nil, nil, errors.New("avro: value nested too deep")
	}
	switch {
	case w.Kind == Union:
		branch, rest, err := readBranch(b, w)
		if err != nil {
			return nil, nil, err
		}
		return resolve(dst, rest, branch, r, depth+1)
	case r.Kind == Union:
		i := matchBranch(w, r)
		if i < 0 {
			return nil, nil, fmt.Errorf("avro: the reader's union has no branch for %s", w.typeName())
		}
		return resolve(AppendLong(dst, int64(i)), b, w, r.Branches[i], depth+1)
	case w.Kind != r.Kind:
		return promote(dst, b, w.Kind, r.Kind)
	}
	switch w.Kind {
	case Record:
		return resolveRecord(dst, b, w, r, depth)
	case Enum:
		return resolveEnum(dst, b, w, r)
	case Array, Map:
		return resolveBlocks(dst, b, w, r, depth)
	}
	span, rest, err := scalar(b, w)
	if err != nil {
		return nil, nil, err
	}
	if w.Kind == Fixed && w.Size != r.Size {
		return nil, nil, fmt.Errorf("avro: %s has %d bytes for the writer, %d for the reader", w.Name, w.Size, r.Size)
	}
	return append(dst, span...), rest, nil
}

func readBranch(b []byte, w *Schema) (*Schema, []byte, error) {
	i, rest, err := ReadLong(b)
	if err != nil {
		return nil, nil, err
	}
	if i < 0 || i >= int64(len(w.Branches)) {
		return nil, nil, fmt.Errorf("avro: branch %d of a union of %d", i, len(w.Branches))
	}
	return w.Branches[i], rest, nil
}

// matchBranch returns the reader's branch for a writer's type: the same name
// or kind first, then the first that it can be promoted to.
func matchBranch(w, union *Schema) int {
	for i, r := range union.Branches {
		if w.Kind == r.Kind && (r.Name == "" || r.Name == w.Name) {
			return i
		}
	}
	for i, r := range union.Branches {
		if w.Kind == r.Kind && r.Name != "" && r.answersTo(w.Name) || promotable(w.Kind, r.Kind) {
			return i
		}
	}
	return -1
}

func resolveRecord(dst, b []byte, w, r *Schema, depth int) ([]byte, []byte, error) {
	if !r.answersTo(w.Name) {
		return nil, nil, fmt.Errorf("avro: the writer's %s is no %s", w.Name, r.Name)
	}
	spans, rest, err := fieldSpans(b, w)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range r.Fields {
		i := writerField(w, f)
		switch {
		case i >= 0:
			if dst, _, err = resolve(dst, spans[i], w.Fields[i].Type, f.Type, depth+1); err != nil {
				return nil, nil, fmt.Errorf("field %s: %w", f.Name, err)
			}
		case f.HasDefault:
			if dst, err = appendDefault(dst, f.Type, f.Default, depth); err != nil {
				return nil, nil, fmt.Errorf("avro: field %s: default: %w", f.Name, err)
			}
		default:
			return nil, nil, fmt.Errorf("avro: field %s: the writer has none and the reader no default", f.Name)
		}
	}
	return dst, rest, nil
}

// fieldSpans cuts a writer's record into its fields' bytes.
func fieldSpans(b []byte, w *Schema) (spans [][]byte, rest []byte, err error) {
	spans = make([][]byte, len(w.Fields))
	for i, f := range w.Fields {
		if rest, err = skip(b, f.Type, 0); err != nil {
			return nil, nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		spans[i] = b[:len(b)-len(rest)]
		b = rest
	}
	return spans, b, nil
}

// writerField returns the index of the writer's field that a reader's field
// reads, or -1.
func writerField(w *Schema, f Field) int {
	at := slices.IndexFunc(w.Fields, func(x Field) bool { return x.Name == f.Name })
	if at >= 0 {
		return at
	}
	return slices.IndexFunc(w.Fields, func(x Field) bool { return slices.Contains(f.Aliases, x.Name) })
}

func resolveEnum(dst, b []byte, w, r *Schema) ([]byte, []byte, error) {
	i, rest, err := ReadLong(b)
	if err != nil {
		return nil, nil, err
	}
	if i < 0 || i >= int64(len(w.Symbols)) {
		return nil, nil, fmt.Errorf("avro: symbol %d of %s, which has %d", i, w.Name, len(w.Symbols))
	}
	at := slices.Index(r.Symbols, w.Symbols[i])
	if at < 0 {
		at = slices.Index(r.Symbols, r.Default)
	}
	if at < 0 {
		return nil, nil, fmt.Errorf("avro: %s has no symbol %q", r.Name, w.Symbols[i])
	}
	return AppendLong(dst, int64(at)), rest, nil
}

// resolveBlocks handles arrays and maps, whatever blocks the writer made.
func resolveBlocks(dst, b []byte, w, r *Schema, depth int) ([]byte, []byte, error) {
	for {
		n, rest, err := readBlock(b)
		if err != nil {
			return nil, nil, err
		}
		b = rest
		if n == 0 {
			return append(dst, 0), b, nil
		}
		dst = AppendLong(dst, n)
		for range n {
			if w.Kind == Map {
				key, rest, err := readSpan(b)
				if err != nil {
					return nil, nil, err
				}
				dst, b = appendSpan(dst, key), rest
			}
			if dst, b, err = resolve(dst, b, w.Items, r.Items, depth+1); err != nil {
				return nil, nil, err
			}
		}
	}
}

// readBlock reads a block's count; a negative one is followed by the block's
// size in bytes. A count above the bytes left is refused: items of no bytes
// (nulls) don't occur in what Drover reads, and could stand for any number.
func readBlock(b []byte) (count int64, rest []byte, err error) {
	n, b, err := ReadLong(b)
	if err != nil {
		return 0, nil, err
	}
	if n < 0 {
		n = -n
		if _, b, err = ReadLong(b); err != nil {
			return 0, nil, err
		}
	}
	if n < 0 || n > int64(len(b)) {
		return 0, nil, ErrShort
	}
	return n, b, nil
}

// promotable tells whether the specification lets a reader's kind read a writer's.
func promotable(w, r Kind) bool {
	switch w {
	case Int:
		return r == Long || r == Float || r == Double
	case Long:
		return r == Float || r == Double
	case Float:
		return r == Double
	case String:
		return r == Bytes
	case Bytes:
		return r == String
	}
	return false
}

func promote(dst, b []byte, w, r Kind) ([]byte, []byte, error) {
	if !promotable(w, r) {
		return nil, nil, fmt.Errorf("avro: %s can't be read as %s", w, r)
	}
	span, rest, err := scalar(b, &Schema{Kind: w})
	if err != nil {
		return nil, nil, err
	}
	switch {
	case w == Float:
		x := math.Float32frombits(binary.LittleEndian.Uint32(span))
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(float64(x))), rest, nil
	case r == Long, r == Bytes:
		return append(dst, span...), rest, nil
	case r == String:
		if text, _, _ := readSpan(span); !utf8.Valid(text) {
			return nil, nil, errors.New("avro: bytes read as a string are no UTF-8")
		}
		return append(dst, span...), rest, nil
	}
	x, _, err := ReadLong(span)
	if err != nil {
		return nil, nil, err
	}
	if r == Float {
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(x))), rest, nil
	}
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(float64(x))), rest, nil
}
