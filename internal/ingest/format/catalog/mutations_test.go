package catalog_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/catalog"
	"drover/internal/ingest/format/events"
)

// replacements stand in turn for each value of a sample.
var replacements = []string{`null`, `true`, `""`, `"*"`, `"x"`, `"255"`, `"1e999"`, `-1`, `0`, `256`, `1.5`, `1e300`, `18446744073709551616`,
	`[]`, `[null]`, `[[]]`, `["x"]`, `{}`, `{"":null}`, `[{"from":1}]`}

// siblings is how many elements of an array are changed: the others are alike.
const siblings = 2

// mutate calls yield with a document for each value that is replaced and for
// each key that is taken out.
func mutate(root any, yield func(document []byte)) {
	write := func() {
		document, err := json.Marshal(root)
		if err != nil {
			panic(err)
		}
		yield(document)
	}
	each := func(value any, set func(any)) {
		for _, r := range replacements {
			set(json.RawMessage(r))
			write()
		}
		set(value)
	}
	var walk func(node any)
	walk = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			for key, value := range node {
				each(value, func(v any) { node[key] = v })
				walk(value)
				delete(node, key)
				write()
				node[key] = value
			}
		case []any:
			for i, value := range node[:min(len(node), siblings)] {
				each(value, func(v any) { node[i] = v })
				walk(value)
			}
		}
	}
	walk(root)
}

// TestEveryValueOfAnotherKind replaces every value of every JSON sample, those
// of other producers too, by values of other kinds. Whatever stands there, a
// parser reads or refuses, says why, and does the same when it only checks.
func TestEveryValueOfAnotherKind(t *testing.T) {
	inputs := samples(t)
	for format, pattern := range map[string]string{"ripe-atlas": "traceroute/ripe_atlas*", "mtr": "traceroute/mtr*", "scamper": "traceroute/scamper*", "otlp-metrics": "otlp/metrics*",
		"otlp-traces": "otlp/trace*", "maintenance-aws": "deployment/aws*", "maintenance-azure": "deployment/azure*"} {
		shared, err := filepath.Glob(filepath.Join(sharedData(), "events", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range shared {
			inputs = append(inputs, format+"\x00"+s)
		}
	}
	for _, input := range inputs {
		name, path, found := strings.Cut(input, "\x00")
		if !found {
			name, path = formatOf(input), input
		}
		t.Run(filepath.Base(path), func(t *testing.T) { replaceEach(t, name, path) })
	}
}

func replaceEach(t *testing.T, name, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if data = bytes.TrimSpace(data); len(data) == 0 || data[0] != '{' && data[0] != '[' {
		return // no JSON
	}
	parse, err := catalog.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	opt := format.Options{Fleet: "f", Server: "s", At: 1}
	decoder := json.NewDecoder(bytes.NewReader(data))
	for decoder.More() {
		var root any
		if err := decoder.Decode(&root); err != nil {
			return // a broken line of ours: the golden test reads it
		}
		mutate(root, func(document []byte) {
			checked, decoded := format.NewOut(nil), format.NewOut(func(event any) {
				if _, err := events.Encode(event); err != nil {
					t.Errorf("%T has no form: %v: %s", event, err, document)
				}
			})
			parse(document, opt, checked)
			parse(document, opt, decoded)
			switch first := decoded.First; {
			case checked.Records != decoded.Records || checked.Rejected != decoded.Rejected:
				t.Errorf("checked %d and %d, decoded %d and %d: %s", checked.Records, checked.Rejected, decoded.Records, decoded.Rejected, document)
			case decoded.OK() != (first == nil) || first != nil && (first.Error() == "" || strings.Contains(first.Error(), "the parser failed")):
				t.Errorf("%d refused, first %v: %s", decoded.Rejected, first, document)
			}
		})
	}
}

// sharedData is where real producers' files are, which are not part of the
// project.
func sharedData() string {
	if dir := os.Getenv("DROVER_DATA"); dir != "" {
		return dir
	}
	return "../../../../../shared/data"
}
