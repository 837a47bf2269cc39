package avro

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func parse(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

func record(fields string) string { return `{"type":"record","name":"R","fields":[` + fields + `]}` }

func TestCompatible(t *testing.T) {
	cases := []struct {
		name, writer, reader string
		why                  string // empty: compatible
	}{
		{"the same", record(`{"name":"a","type":"int"}`), record(`{"name":"a","type":"int"}`), ""},
		{"int as double", `"int"`, `"double"`, ""},
		{"double as int", `"double"`, `"int"`, "double can't be read as int"},
		{"text as bytes", `"string"`, `"bytes"`, ""},
		{"a field more, with a default", record(``), record(`{"name":"a","type":"int","default":7}`), ""},
		{"a field more, without", record(``), record(`{"name":"a","type":"int"}`), "no default"},
		{"a field less", record(`{"name":"a","type":"int"}`), record(``), ""},
		{"renamed by alias", record(`{"name":"a","type":"int"}`), record(`{"name":"b","aliases":["a"],"type":"int"}`), ""},
		{"another record", `{"type":"record","name":"Q","fields":[]}`, record(``), "no R"},
		{"a record's alias", `{"type":"record","name":"Q","fields":[]}`, `{"type":"record","name":"R","aliases":["Q"],"fields":[]}`, ""},
		{"a symbol more at the writer", `{"type":"enum","name":"E","symbols":["a","b"]}`, `{"type":"enum","name":"E","symbols":["a"]}`, `symbol "b"`},
		{"the same with a default", `{"type":"enum","name":"E","symbols":["a","b"]}`, `{"type":"enum","name":"E","symbols":["a"],"default":"a"}`, ""},
		{"into a union", `"int"`, `["null","long"]`, ""},
		{"out of a union", `["null","int"]`, `"int"`, "null can't be read"},
		{"a branch less", `["int","string"]`, `["int"]`, "no branch for string"},
		{"items", `{"type":"array","items":"int"}`, `{"type":"array","items":"string"}`, "int can't be read as string"},
		{"a map's values", `{"type":"map","values":"int"}`, `{"type":"map","values":"long"}`, ""},
		{"fixed of another size", `{"type":"fixed","name":"F","size":2}`, `{"type":"fixed","name":"F","size":3}`, "2 bytes"},
		{"a tree", record(`{"name":"next","type":["null","R"]}`), record(`{"name":"next","type":["null","R"]}`), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := Compatible(parse(t, c.writer), parse(t, c.reader))
			var typed *IncompatibleError
			switch {
			case c.why == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.why != "" && (!errors.As(err, &typed) || !strings.Contains(err.Error(), c.why)):
				t.Errorf("error %v, want one with %q", err, c.why)
			}
		})
	}
}

func TestResolve(t *testing.T) {
	long := func(v int64) []byte { return AppendLong(nil, v) }
	cases := []struct {
		name, writer, reader string
		in, want             []byte
	}{
		{"order, default, removal", record(`{"name":"x","type":"string"},{"name":"a","type":"int"},{"name":"b","type":"int"}`),
			record(`{"name":"b","type":"int"},{"name":"c","type":"string","default":"d"},{"name":"a","type":"int"}`),
			slices.Concat(long(1), []byte("x"), long(1), long(2)), slices.Concat(long(2), long(1), []byte("d"), long(1))},
		{"int to double", `"int"`, `"double"`, long(1), []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}},
		{"float to double", `"float"`, `"double"`, []byte{0, 0, 0x80, 0x3f}, []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}},
		{"into a union", `"string"`, `["null","string"]`, []byte{2, 'x'}, []byte{2, 2, 'x'}},
		{"another branch's place", `["string","null"]`, `["null","string"]`, []byte{0, 2, 'x'}, []byte{2, 2, 'x'}},
		{"symbols by name", `{"type":"enum","name":"E","symbols":["a","b"]}`, `{"type":"enum","name":"E","symbols":["b","a"]}`, long(1), long(0)},
		{"an unknown symbol", `{"type":"enum","name":"E","symbols":["a","b"]}`, `{"type":"enum","name":"E","symbols":["c","a"],"default":"c"}`, long(1), long(0)},
		{"blocks with sizes", `{"type":"array","items":"int"}`, `{"type":"array","items":"long"}`, slices.Concat(long(-2), long(2), long(5), long(6), long(0)), slices.Concat(long(2), long(5), long(6), long(0))},
		{"a map", `{"type":"map","values":"int"}`, `{"type":"map","values":"int"}`, slices.Concat(long(1), []byte{2, 'k'}, long(5), long(0)), slices.Concat(long(1), []byte{2, 'k'}, long(5), long(0))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := NewResolver(parse(t, c.writer), parse(t, c.reader))
			got, err := r.Resolve(nil, c.in)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %x (%v), want %x", got, err, c.want)
			}
			if _, err := r.Resolve(nil, c.in[:len(c.in)-1]); err == nil {
				t.Error("a cut-off value was read")
			}
			if _, err := r.Resolve(nil, append(slices.Clone(c.in), 0)); err == nil {
				t.Error("a value with more behind it was read")
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":           `{`,
		"two schemas":       `"int" "int"`,
		"an unknown type":   `"integer"`,
		"a record unnamed":  `{"type":"record","fields":[]}`,
		"no fields":         `{"type":"record","name":"R"}`,
		"a field twice":     record(`{"name":"a","type":"int"},{"name":"a","type":"int"}`),
		"a wrong default":   record(`{"name":"a","type":"int","default":"x"}`),
		"a union in one":    `["int",["string"]]`,
		"a branch twice":    `["int","int"]`,
		"an empty enum":     `{"type":"enum","name":"E","symbols":[]}`,
		"a fixed unsized":   `{"type":"fixed","name":"F"}`,
		"a number":          `7`,
		"defined twice":     `[{"type":"enum","name":"E","symbols":["a"]},{"type":"record","name":"E","fields":[]}]`,
		"nested for ever":   strings.Repeat(`{"type":"array","items":`, 100) + `"int"` + strings.Repeat(`}`, 100),
		"enum default":      record(`{"name":"a","type":{"type":"enum","name":"E","symbols":["a"]},"default":"b"}`),
		"a default in bits": record(`{"name":"a","type":"bytes","default":"世"}`),
	} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%s: %s was read", name, text)
		}
	}
}

func TestCompactIgnoresDocsAndSpace(t *testing.T) {
	a, err := Compact(`{ "type" : "record", "name":"R", "doc":"x", "fields":[{"name":"doc","type":"string","default":"doc","doc":"y"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Compact(record(`{"default":"doc","name":"doc","type":"string"}`))
	if err != nil || a != b {
		t.Errorf("%s\nis not\n%s (%v)", a, b, err)
	}
}

// FuzzResolve: hostile schemas and bytes give errors, never a panic, and what a
// compatible pair makes can be read with the reader's schema.
func FuzzResolve(f *testing.F) {
	f.Add(record(`{"name":"a","type":"int"}`), record(`{"name":"b","type":"string","default":"x"}`), []byte{2})
	f.Add(`["null",{"type":"array","items":"string"}]`, `{"type":"map","values":"bytes"}`, []byte{2, 2, 2, 'x', 0})
	f.Add(record(`{"name":"next","type":["null","R"]}`), record(`{"name":"next","type":["null","R"]}`), []byte{2, 2, 0})
	f.Fuzz(func(t *testing.T, writer, reader string, payload []byte) {
		w, err := Parse(writer)
		if err != nil {
			return
		}
		r, err := Parse(reader)
		if err != nil || len(payload) > 4096 {
			return
		}
		out, err := NewResolver(w, r).Resolve(nil, payload)
		if err != nil {
			return
		}
		rest, err := skip(out, r, 0)
		if err != nil || len(rest) > 0 {
			t.Fatalf("resolved bytes %x are no value of the reader's schema: %v, %d left", out, err, len(rest))
		}
	})
}
