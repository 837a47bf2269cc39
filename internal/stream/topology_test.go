package stream

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drover/internal/codec"
	"drover/schemas"
)

var update = flag.Bool("update", false, "write the generated files")

func TestTheTableAndTheSchemasAgree(t *testing.T) {
	var names []string
	for _, row := range Topology() {
		names = append(names, row.Name)
		events, err := codec.Events(row.Name)
		if err != nil || !slices.Equal(events, row.Events) {
			t.Errorf("%s: the schema carries %v, the table says %v (%v)", row.Name, events, row.Events, err)
		}
		for _, b := range row.Broadcast {
			if !slices.Contains(row.Events, b) {
				t.Errorf("%s: broadcasts %s, which it does not carry", row.Name, b)
			}
		}
		if len(row.Writers) == 0 || len(row.Readers) == 0 || row.Key == "" || row.Why == "" || row.Compacted == (row.Retention > 0) {
			t.Errorf("%s: the row is not complete: %+v", row.Name, row)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, schemas.Topics()) {
		t.Errorf("topics %v, schemas %v", names, schemas.Topics())
	}
}

// TestGeneratedFiles keeps what is made from the table up to date.
func TestGeneratedFiles(t *testing.T) {
	document, err := AsyncAPI("drover.")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join("..", "..")
	table := Table("drover.", Partitions{})
	for path, want := range map[string]string{
		"deploy/kafka/asyncapi.json": string(document),
		"deploy/kafka/acls.sh":       ACLScript("drover."),
		"deploy/kafka/topics.sh":     TopicScript("drover.", Plan{Replicas: 3, MinInSync: 2}),
	} {
		path = filepath.Join(root, path)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s is not what the table gives (%v): run go test ./internal/stream -run Generated -update", path, err)
		}
	}
	docs, err := os.ReadFile(filepath.Join(root, "docs", "topics.md"))
	if err != nil || !strings.Contains(string(docs), table) {
		t.Errorf("docs/topics.md does not hold the table (%v); it is:\n%s", err, table)
	}
}

func TestServicesGetNoMoreThanTheyNeed(t *testing.T) {
	may := func(service, topic, operation string) bool {
		return slices.ContainsFunc(Rights("d."), func(r Right) bool {
			return r.Service == service && r.Resource == "topic" && r.Name == "d."+topic && slices.Contains(r.Operations, operation)
		})
	}
	for _, c := range []struct {
		service, topic, operation string
		want                      bool
	}{
		{Ingest, Metrics, "Write", true}, {Ingest, Metrics, "Read", false}, {Ingest, Plans, "Write", false},
		{Forecaster, Metrics, "Read", true}, {Forecaster, Metrics, "Write", false}, {Forecaster, Forecasts, "Write", true},
		{Planner, Plans, "Write", true}, {Planner, Steps, "Read", false}, {Executor, Plans, "Write", false},
		{Executor, Steps, "Write", true}, {Executor, Steps, "Read", false}, {Operator, Control, "Write", true}, {Operator, Metrics, "Create", true},
	} {
		if got := may(c.service, c.topic, c.operation); got != c.want {
			t.Errorf("%s may %s %s: %v", c.service, c.operation, c.topic, got)
		}
	}
}

func TestAdminCreatesAndCompares(t *testing.T) {
	conn := connect(t) // applies
	admin, err := NewAdmin(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	plan := Plan{Partitions: Partitions{ByKey: 4, ByFleet: 2}}
	changes, err := admin.Check(t.Context(), plan)
	if err != nil || len(changes) > 0 {
		t.Fatalf("after apply: %v, %v", changes, err)
	}
	plan.Partitions.ByKey = 8
	changes, err = admin.Apply(t.Context(), plan)
	if err != nil || len(changes) != 3 || !changes[0].Manual || !strings.Contains(changes[0].String(), `have "4", want "8"`) {
		t.Errorf("more partitions: %v, %v", changes, err)
	}
}
