package yamldoc_test

import (
	"testing"

	"drover/internal/ingest/format/yamldoc"
)

func TestFaultsAreToldWithoutGoTypes(t *testing.T) {
	type inner struct {
		List []int   `yaml:"list"`
		On   *bool   `yaml:"on"`
		F    float64 `yaml:"f"`
		Text string  `yaml:"text"`
	}
	for text, want := range map[string]string{
		"a: {list: x}":          "yaml: line 1: found \"x\", want a list",
		"a:\n  list: [1, b]":    "yaml: line 2: found \"b\", want a whole number",
		"a: {on: 7}":            "yaml: line 1: found \"7\", want true or false",
		"a: {f: [1]}":           "yaml: line 1: found a list, want a number",
		"a: {text: {b: c}}":     "yaml: line 1: found fields, want a text",
		"a: [1]":                "yaml: line 1: found a list, want fields",
		"a: {nonsense: 1}":      "yaml: line 1: field \"nonsense\" is not known here",
		"a: {list: x, f: many}": "yaml: line 1: found \"x\", want a list",
		"\ta: 1":                "yaml: found character that cannot start any token",
	} {
		var v struct {
			A inner `yaml:"a"`
		}
		if err := yamldoc.Decode([]byte(text), &v, true); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
