// Package house tests the shape of the code: which package may import which.
package house

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

const module = "drover/"

// layers orders the house: a package may import those of lower layers only, and
// of its own layer only where the rule below says so.
var layers = []struct {
	name     string
	prefixes []string
	// siblings may import each other within one prefix (sub-packages).
	reason string
}{
	{"model", []string{"internal/model"}, "the domain's words import nothing of ours"},
	{"core", []string{"internal/stage", "internal/graph", "internal/netmap", "internal/forecast", "internal/solver", "internal/scenario",
		"internal/saga", "internal/consolidate", "internal/simfleet", "internal/planetlab"},
		"cores import the model alone: two cores that need to talk do so in the model's words"},
	{"shell", []string{"internal/codec", "internal/stream", "internal/store", "internal/actuator", "internal/telemetry", "internal/engine",
		"internal/ingest/format", "internal/ingest/mapping", "internal/kubernetes"},
		"shells do I/O and know no core but the stage contract"},
	{"service", []string{"internal/ingest", "internal/forecaster", "internal/planner", "internal/executor", "internal/web"},
		"services meet in topics, never in imports"},
	{"wiring", []string{"internal/pipeline", "internal/config", "internal/replay"}, "what puts services together"},
	{"command", []string{"internal/cli"}, "commands wire and hold no domain logic"},
	{"main", []string{"cmd/", "tests/", "schemas", "deploy/"}, "programs and tests of the whole"},
}

// place returns the layer of a package and which of its prefixes it falls under.
func place(pkg string) (layer int, prefix string) {
	best := -1
	for i, l := range layers {
		for _, p := range l.prefixes {
			if (pkg == p || strings.HasPrefix(pkg, strings.TrimSuffix(p, "/")+"/")) && len(p) > len(prefix) {
				best, prefix = i, p
			}
		}
	}
	return best, prefix
}

// allowed lists the imports that the layers alone would forbid, with why.
var allowed = map[string]string{
	"internal/stream -> internal/codec":                 "the loop decodes by the codec",
	"internal/actuator -> internal/kubernetes":          "the driver acts by the names that discovery reads by",
	"internal/stream -> internal/telemetry":             "the loop records the spans of its work",
	"internal/stream -> internal/store":                 "the loop saves state through the store",
	"internal/ingest/mapping -> internal/ingest/format": "a mapping is applied to the samples that a format reads",
	"internal/codec -> schemas":                         "the schemas are embedded there",
	"internal/stream -> schemas":                        "the registry registers them",
	"internal/planetlab -> internal/consolidate":        "the day's facts configure the policy",
	"tests/ -> deploy/":                                 "tests make images as a release does",
}

func TestImportsPointOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	packages := 0
	for decoder.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages++
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, module) {
				checkImport(t, from, strings.TrimPrefix(imported, module))
			}
		}
	}
	if packages < 10 {
		t.Errorf("only %d packages seen: the test looks in the wrong place", packages)
	}
}

func checkImport(t *testing.T, from, to string) {
	t.Helper()
	a, ap := place(from)
	b, bp := place(to)
	switch {
	case a < 0:
		t.Errorf("%s stands in no layer: add it to the layers of this test", from)
	case b < 0:
		t.Errorf("%s imports %s, which stands in no layer", from, to)
	case ap == bp || b < a || allowed[ap+" -> "+bp] != "":
	default:
		t.Errorf("%s imports %s: %s", from, to, layers[a].reason)
	}
}

// onlyImporter says which outside packages have a single door into the house.
var onlyImporter = map[string]string{
	"github.com/twmb/franz-go":  "internal/stream",
	"github.com/redis/go-redis": "internal/store",
}

func TestClientsHaveOneImporter(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], module)
		if strings.HasPrefix(pkg, "tests/") {
			continue
		}
		for _, imported := range fields[1:] {
			for client, owner := range onlyImporter {
				if strings.HasPrefix(imported, client) && pkg != owner && !strings.HasPrefix(pkg, owner+"/") {
					t.Errorf("%s imports %s: only %s may", pkg, imported, owner)
				}
			}
		}
	}
}
