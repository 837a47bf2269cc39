package door

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// schema is the part of a JSON schema that the test compares.
type schema struct {
	Properties map[string]any `yaml:"properties"`
	Required   []string       `yaml:"required"`
}

// TestOpenAPIDescribesEvents holds the description to what decode takes: every
// field of our own sample events is in the schema of its type.
func TestOpenAPIDescribesEvents(t *testing.T) {
	w := httptest.NewRecorder()
	newServer(t, &memory{}, nil).ServeHTTP(w, httptest.NewRequest("GET", "/openapi.yaml", nil))
	var doc struct {
		OpenAPI    string         `yaml:"openapi"`
		Paths      map[string]any `yaml:"paths"`
		Components struct {
			Schemas map[string]yaml.Node `yaml:"schemas"`
		} `yaml:"components"`
	}
	if err := yaml.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI == "" || len(doc.Paths) < 3 {
		t.Fatalf("version %q, paths %v", doc.OpenAPI, doc.Paths)
	}
	var event struct {
		Discriminator struct {
			Mapping map[string]string `yaml:"mapping"`
		} `yaml:"discriminator"`
	}
	node := doc.Components.Schemas["Event"]
	if err := node.Decode(&event); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("../format/catalog/testdata/events.jsonl.golden")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, line := range strings.Split(string(data), "\n") {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) != nil {
			continue
		}
		name := strings.TrimPrefix(event.Discriminator.Mapping[fields["type"].(string)], "#/components/schemas/")
		node, ok := doc.Components.Schemas[name]
		if !ok {
			t.Errorf("type %v has no schema", fields["type"])
			continue
		}
		var s schema
		if err := node.Decode(&s); err != nil {
			t.Fatal(err)
		}
		for field := range fields {
			if _, ok := s.Properties[field]; !ok {
				t.Errorf("%s: field %q is not described", name, field)
			}
		}
		for _, field := range s.Required {
			if _, ok := fields[field]; !ok {
				t.Errorf("%s: the sample lacks %q", name, field)
			}
		}
		seen++
	}
	if seen != len(event.Discriminator.Mapping) {
		t.Errorf("%d of %d types have a sample", seen, len(event.Discriminator.Mapping))
	}
}
