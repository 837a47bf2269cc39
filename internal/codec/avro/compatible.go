package avro

import (
	"fmt"
	"slices"
	"strings"
)

// IncompatibleError tells every reason why a reader can't read all that a
// writer may write.
type IncompatibleError struct{ Reasons []string }

// Error implements error.
func (e *IncompatibleError) Error() string {
	return "avro: not compatible: " + strings.Join(e.Reasons, "; ")
}

// pair is a writer's and a reader's type that are being compared.
type pair struct{ w, r *Schema }

// comparison collects reasons and remembers pairs, which ends recursion in
// self-referring schemas.
type comparison struct {
	seen    map[pair]bool
	reasons []string
}

// Compatible tells whether values of the writer's schema can all be read with
// the reader's: nil, or an *IncompatibleError.
func Compatible(writer, reader *Schema) error {
	c := &comparison{seen: map[pair]bool{}}
	c.compare(writer, reader, "")
	if len(c.reasons) > 0 {
		return &IncompatibleError{Reasons: c.reasons}
	}
	return nil
}

func (c *comparison) refuse(path, format string, args ...any) {
	if path == "" {
		path = "the schema"
	}
	c.reasons = append(c.reasons, strings.TrimPrefix(path, ".")+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) compare(w, r *Schema, path string) {
	if c.seen[pair{w, r}] {
		return
	}
	c.seen[pair{w, r}] = true
	switch {
	case w.Kind == Union:
		for _, b := range w.Branches {
			c.compare(b, r, path+"<"+b.typeName()+">")
		}
		return
	case r.Kind == Union:
		if i := matchBranch(w, r); i >= 0 {
			c.compare(w, r.Branches[i], path)
			return
		}
		c.refuse(path, "the reader's union has no branch for %s", w.typeName())
		return
	case w.Kind != r.Kind:
		if !promotable(w.Kind, r.Kind) {
			c.refuse(path, "%s can't be read as %s", w.Kind, r.Kind)
		}
		return
	}
	c.compareSame(w, r, path)
}

func (c *comparison) compareSame(w, r *Schema, path string) {
	if r.Name != "" && !r.answersTo(w.Name) {
		c.refuse(path, "the writer's %s is no %s", w.Name, r.Name)
		return
	}
	switch w.Kind {
	case Array, Map:
		c.compare(w.Items, r.Items, path+"[]")
	case Fixed:
		if w.Size != r.Size {
			c.refuse(path, "%d bytes can't be read as %d", w.Size, r.Size)
		}
	case Enum:
		for _, symbol := range w.Symbols {
			if !slices.Contains(r.Symbols, symbol) && !slices.Contains(r.Symbols, r.Default) {
				c.refuse(path, "the reader has neither symbol %q nor a default", symbol)
			}
		}
	case Record:
		for _, f := range r.Fields {
			i := writerField(w, f)
			switch {
			case i >= 0:
				c.compare(w.Fields[i].Type, f.Type, path+"."+f.Name)
			case !f.HasDefault:
				c.refuse(path+"."+f.Name, "the writer has no such field and the reader no default")
			}
		}
	}
}
