package api

import (
	"bytes"
	"encoding"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"drover/internal/model"
	"drover/internal/web/access"
)

var update = flag.Bool("update", false, "write the OpenAPI document and the golden answers anew")

// object is a JSON object in the making; encoding/json writes keys in order.
type object = map[string]any

// describer makes the OpenAPI document from the table of routes and the types
// that stand in it.
type describer struct{ schemas object }

func (d *describer) document() object {
	paths := object{}
	for _, r := range Routes() {
		item, _ := paths[r.Path].(object)
		if item == nil {
			item = object{}
			paths[r.Path] = item
		}
		item[strings.ToLower(r.Method)] = d.operation(&r)
	}
	d.schema(reflect.TypeFor[Failure]())
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "Drover", "version": "1", "license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "What Drover knows, expects, intends, does and undid, and the orders people give it. Without access rules only this machine is answered. " +
				"Requests that change something need the header X-Drover-Request: 1 where the browser proves itself by itself (loopback, client certificate)."},
		"servers":  []any{object{"url": "/"}},
		"paths":    paths,
		"security": []any{object{"bearer": []any{}}, object{"certificate": []any{}}, object{}},
		"components": object{"schemas": d.schemas, "securitySchemes": object{
			"bearer":      object{"type": "http", "scheme": "bearer", "description": "A static token or an OIDC identity token."},
			"certificate": object{"type": "mutualTLS"}}},
	}
}

var inPath = regexp.MustCompile(`\{(\w+)\}`)

func (d *describer) operation(r *Route) object {
	parameters := []any{}
	for _, m := range inPath.FindAllStringSubmatch(r.Path, -1) {
		parameters = append(parameters, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, p := range r.Query {
		parameters = append(parameters, object{"name": p.Name, "in": "query", "description": p.Help, "schema": object{"type": "string"}})
	}
	good := object{"description": "Done."}
	switch {
	case r.Class == Stream:
		good["content"] = object{"text/event-stream": object{"schema": object{"type": "string"}}}
	case r.Answer != nil:
		good["content"] = object{"application/json": object{"schema": d.schema(reflect.TypeOf(r.Answer))}}
	default:
		good["content"] = object{"application/json": object{"schema": object{"type": "object"}}}
	}
	op := object{"operationId": r.Name, "summary": r.Summary, "x-drover-role": r.Role.String(), "responses": object{
		map[int]string{0: "200", 202: "202"}[r.Status]: good,
		"default": object{"description": "What is wrong, and the way out.", "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Failure"}}}},
	}}
	if len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if r.Body != nil {
		op["requestBody"] = object{"content": object{"application/json": object{"schema": d.schema(reflect.TypeOf(r.Body))}}}
	}
	if r.Role == access.Public {
		op["security"] = []any{}
	}
	return op
}

// schema returns a reference to a type's schema, or the schema itself where the
// type has no name of ours.
func (d *describer) schema(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[model.Instant]():
		return object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return object{"type": []any{"string", "null"}, "contentEncoding": "base64"}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return object{"anyOf": []any{d.schema(t.Elem()), object{"type": "null"}}}
	case reflect.Slice:
		return object{"type": "array", "items": d.schema(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": d.schema(t.Elem())}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64, reflect.Float32:
		return object{"type": "number"}
	case reflect.Struct:
		name := typeName(t)
		if _, done := d.schemas[name]; !done {
			d.schemas[name] = object{} // types may hold themselves
			d.schemas[name] = d.structure(t)
		}
		return object{"$ref": "#/components/schemas/" + name}
	}
	return object{"type": "integer"}
}

// typeName writes Page[api.Server] as ServerPage.
func typeName(t reflect.Type) string {
	name := t.Name()
	if outer, inner, ok := strings.Cut(strings.TrimSuffix(name, "]"), "["); ok {
		return inner[strings.LastIndexByte(inner, '.')+1:] + outer
	}
	return name
}

func (d *describer) structure(t reflect.Type) object {
	properties, required := object{}, []any{}
	for _, f := range reflect.VisibleFields(t) {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || !f.IsExported() || tag == "" {
			continue
		}
		optional := strings.Contains(options, "omitempty")
		ft := f.Type
		if optional && ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		s := d.schema(ft)
		if doc := f.Tag.Get("doc"); doc != "" {
			s["description"] = doc
		}
		if enum := f.Tag.Get("enum"); enum != "" {
			s["enum"] = strings.Split(enum, ",")
		}
		properties[tag] = s
		if !optional {
			required = append(required, tag)
		}
	}
	return object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func described(t *testing.T) []byte {
	t.Helper()
	d := &describer{schemas: object{}}
	text, err := json.MarshalIndent(d.document(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

func TestTheOpenAPIDocumentIsThatOfTheRoutes(t *testing.T) {
	text := described(t)
	if *update {
		if err := os.WriteFile("openapi.json", text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(text, document) {
		t.Error("openapi.json is not what the routes say; write it anew with go test ./internal/web/api -run OpenAPI -update")
	}
}

func TestRoutesAreNamedOnceAndSayWhatTheyDo(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Routes() {
		switch {
		case seen[r.Name]:
			t.Errorf("%s %s: the name %s is used twice", r.Method, r.Path, r.Name)
		case !strings.HasSuffix(r.Summary, "."):
			t.Errorf("%s: summary %q is no sentence", r.Name, r.Summary)
		case r.Method == http.MethodPost && r.Body == nil, r.Method == http.MethodGet && r.Body != nil:
			t.Errorf("%s: a GET takes no body, a POST does", r.Name)
		case r.Method != http.MethodGet && r.Role < access.Operator:
			t.Errorf("%s: a %s may change something", r.Name, r.Role)
		}
		seen[r.Name] = true
	}
}

// compiled returns the schema of a route's answer.
func compiled(t *testing.T, r *Route) *jsonschema.Schema {
	t.Helper()
	var whole any
	if err := json.Unmarshal(document, &whole); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("openapi.json", whole); err != nil {
		t.Fatal(err)
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	status := map[int]string{0: "200", 202: "202"}[r.Status]
	s, err := c.Compile("openapi.json#/paths/" + escape.Replace(r.Path) + "/" + strings.ToLower(r.Method) + "/responses/" + status + "/content/application~1json/schema")
	if err != nil {
		t.Fatalf("%s: %v", r.Name, err)
	}
	return s
}

// withBody lists a good body for routes that need one.
var withBody = map[string]string{"whatIf": `{"lose":["server:s1"],"evaluations":1000}`, "stop": `{"mode":"compensate","comment":"enough"}`,
	"replayLetters": `{"ids":["metrics/2/77"]}`, "dropLetters": `{"ids":["metrics/2/77"],"comment":"a test"}`,
	"update": `{"servers":["s1"],"hook":"kernel"}`}

func TestEveryAnswerIsAsDescribed(t *testing.T) {
	for _, r := range Routes() {
		if r.Class == Stream || r.Answer == nil {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			s, _ := served(t)
			answer := s.do(r.Method, fill(&r), withBody[r.Name])
			if answer.Code != max(r.Status, http.StatusOK) {
				t.Fatalf("status %d: %s", answer.Code, answer.Body)
			}
			value, err := jsonschema.UnmarshalJSON(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			if err := compiled(t, &r).Validate(value); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
}

// fill puts names that are there into a route's path.
func fill(r *Route) string {
	plan := "p-waits"
	if slices.Contains([]string{"execution"}, r.Name) {
		plan = "p-done"
	}
	path := strings.NewReplacer("{fleet}", "shop", "{server}", "s1", "{application}", "web", "{plan}", plan, "{roll}", "o-roll", "{tick}", "2026-03-12T09:00:00Z", "{topic}", "metrics", "{partition}", "2", "{offset}", "77").Replace(r.Path)
	for _, p := range r.Query {
		if p.Name == "entity" {
			path += "?entity=server:s1"
		}
	}
	return path
}
