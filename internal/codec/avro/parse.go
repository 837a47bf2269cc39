package avro

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDepth bounds how deep a schema's JSON may nest, so that a hostile schema
// can't exhaust the stack.
const maxDepth = 64

// parser keeps the named types seen so far.
type parser struct {
	named map[string]*Schema
	depth int
}

// Parse reads a schema from JSON.
func Parse(text string) (*Schema, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("avro schema: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("avro schema: text after the schema")
	}
	p := &parser{named: map[string]*Schema{}}
	s, err := p.parse(v, "")
	if err != nil {
		return nil, fmt.Errorf("avro schema: %w", err)
	}
	return s, nil
}

func (p *parser) parse(v any, namespace string) (*Schema, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	switch v := v.(type) {
	case string:
		return p.reference(v, namespace)
	case []any:
		return p.union(v, namespace)
	case map[string]any:
		return p.object(v, namespace)
	}
	return nil, fmt.Errorf("want a name, a list or an object, have %T", v)
}

func primitive(name string) (Kind, bool) {
	for k := Null; k <= String; k++ {
		if kindNames[k] == name {
			return k, true
		}
	}
	return 0, false
}

func (p *parser) reference(name, namespace string) (*Schema, error) {
	if k, ok := primitive(name); ok {
		return &Schema{Kind: k}, nil
	}
	if s := p.named[qualify(name, namespace)]; s != nil {
		return s, nil
	}
	if s := p.named[name]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("unknown type %q", name)
}

func qualify(name, namespace string) string {
	if namespace == "" || strings.Contains(name, ".") {
		return name
	}
	return namespace + "." + name
}

func (p *parser) union(list []any, namespace string) (*Schema, error) {
	s := &Schema{Kind: Union}
	seen := map[string]bool{}
	for i, v := range list {
		b, err := p.parse(v, namespace)
		if err != nil {
			return nil, fmt.Errorf("branch %d: %w", i, err)
		}
		if b.Kind == Union {
			return nil, fmt.Errorf("branch %d: a union directly in a union", i)
		}
		if seen[b.typeName()] {
			return nil, fmt.Errorf("branch %d: %q is there twice", i, b.typeName())
		}
		seen[b.typeName()] = true
		s.Branches = append(s.Branches, b)
	}
	return s, nil
}

func (p *parser) object(o map[string]any, namespace string) (*Schema, error) {
	name, ok := o["type"].(string)
	if !ok {
		return p.parse(o["type"], namespace) // {"type": {...}} or {"type": [...]}
	}
	switch name {
	case "array", "map":
		return p.collection(o, name, namespace)
	case "record", "error", "enum", "fixed":
		return p.namedType(o, name, namespace)
	}
	return p.reference(name, namespace) // logical types are read as what carries them
}

func (p *parser) collection(o map[string]any, name, namespace string) (*Schema, error) {
	s, key := &Schema{Kind: Array}, "items"
	if name == "map" {
		s.Kind, key = Map, "values"
	}
	var err error
	if s.Items, err = p.parse(o[key], namespace); err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, key, err)
	}
	return s, nil
}

func (p *parser) namedType(o map[string]any, kind, namespace string) (*Schema, error) {
	name, _ := o["name"].(string)
	if name == "" {
		return nil, fmt.Errorf("%s without a name", kind)
	}
	if ns, ok := o["namespace"].(string); ok && !strings.Contains(name, ".") {
		namespace = ns
	}
	full := qualify(name, namespace)
	if i := strings.LastIndexByte(full, '.'); i >= 0 {
		namespace = full[:i]
	}
	if p.named[full] != nil {
		return nil, fmt.Errorf("%s %q is defined twice", kind, full)
	}
	s := &Schema{Name: full, Aliases: qualifyAll(texts(o["aliases"]), namespace)}
	p.named[full] = s // before the fields, which may refer to it
	var err error
	switch kind {
	case "enum":
		err = s.readEnum(o)
	case "fixed":
		err = s.readFixed(o)
	default:
		s.Kind = Record
		s.Fields, err = p.fields(o["fields"], namespace)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind, full, err)
	}
	return s, nil
}

func (s *Schema) readEnum(o map[string]any) error {
	s.Kind, s.Symbols = Enum, texts(o["symbols"])
	s.Default, _ = o["default"].(string)
	if len(s.Symbols) == 0 {
		return errors.New("no symbols")
	}
	return nil
}

func (s *Schema) readFixed(o map[string]any) error {
	s.Kind = Fixed
	n, ok := o["size"].(json.Number)
	size, err := n.Int64()
	if !ok || err != nil || size < 0 || size > 1<<20 {
		return fmt.Errorf("size %v", o["size"])
	}
	s.Size = int(size)
	return nil
}

func (p *parser) fields(v any, namespace string) ([]Field, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, errors.New("no list of fields")
	}
	seen := map[string]bool{}
	var out []Field
	for i, item := range list {
		o, ok := item.(map[string]any)
		name, _ := o["name"].(string)
		if !ok || name == "" || seen[name] {
			return nil, fmt.Errorf("field %d: no name, or one that is there twice (%q)", i, name)
		}
		seen[name] = true
		t, err := p.parse(o["type"], namespace)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		f := Field{Name: name, Aliases: texts(o["aliases"]), Type: t}
		f.Default, f.HasDefault = o["default"]
		if f.HasDefault {
			if _, err := appendDefault(nil, t, f.Default, 0); err != nil {
				return nil, fmt.Errorf("field %s: default: %w", name, err)
			}
		}
		out = append(out, f)
	}
	return out, nil
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func qualifyAll(names []string, namespace string) []string {
	for i := range names {
		names[i] = qualify(names[i], namespace)
	}
	return names
}

// Compact returns a schema's JSON without white space and documentation: two
// texts that differ only in these are the same schema.
func Compact(text string) (string, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return "", fmt.Errorf("avro schema: %w", err)
	}
	dropDocs(v)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("avro schema: %w", err)
	}
	return strings.TrimSpace(b.String()), nil
}

func dropDocs(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["doc"].(string); ok {
			delete(v, "doc")
		}
		for k, inner := range v {
			if k != "default" {
				dropDocs(inner)
			}
		}
	case []any:
		for _, inner := range v {
			dropDocs(inner)
		}
	}
}
