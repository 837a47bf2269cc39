package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/cli/solve"
)

// TestGeneratedInstancesAreSolved: the start is feasible, the answer never
// dearer, and a short run already finds much.
func TestGeneratedInstancesAreSolved(t *testing.T) {
	dir := t.TempDir()
	for seed, shape := range []fleetShape{
		{machines: 60, processes: 600, resources: 3, transient: 1, locations: 20, neighbourhoods: 4, load: 0.7},
		{machines: 40, processes: 900, resources: 12, transient: 6, locations: 40, neighbourhoods: 3, load: 0.6},
	} {
		if err := write(dir, shape, uint64(seed)); err != nil {
			t.Fatal(err)
		}
		answer := filepath.Join(dir, "new.txt")
		var report struct {
			Objective, InitialObjective, LowerBound int64
			Feasible                                bool
		}
		for _, budget := range []string{"1", "200000"} {
			var out, log bytes.Buffer
			cmd := solve.Command()
			cmd.SetArgs([]string{"roadef", "--model", filepath.Join(dir, "model.txt"), "--initial", filepath.Join(dir, "assignment.txt"),
				"--out", answer, "--evaluations", budget, "-o", "json"})
			cmd.SetOut(&out)
			cmd.SetErr(&log)
			if err := cmd.ExecuteContext(t.Context()); err != nil {
				t.Fatalf("%v\n%s", err, log.String())
			}
			text := strings.NewReplacer("initial_objective", "InitialObjective", "lower_bound", "LowerBound").Replace(out.String())
			if err := json.Unmarshal([]byte(text), &report); err != nil {
				t.Fatal(err)
			}
			if !report.Feasible || report.Objective > report.InitialObjective || report.Objective < report.LowerBound {
				t.Errorf("shape %d, %s evaluations: %+v", seed, budget, report)
			}
		}
		if saved := float64(report.InitialObjective - report.Objective); saved < 0.5*float64(report.InitialObjective-report.LowerBound) {
			t.Errorf("shape %d: from %d to %d, the bound is %d", seed, report.InitialObjective, report.Objective, report.LowerBound)
		}
		if text, err := os.ReadFile(answer); err != nil || len(strings.Fields(string(text))) != shape.processes {
			t.Errorf("shape %d: %d places, %v", seed, len(strings.Fields(string(text))), err)
		}
	}
}

func TestGeneratorIsDeterministicAndBounded(t *testing.T) {
	shape := fleetShape{machines: 30, processes: 100, resources: 2, locations: 10, neighbourhoods: 2, load: 0.5}
	model, initial := generateROADEF(shape, 3)
	again, places := generateROADEF(shape, 3)
	if !bytes.Equal(model, again) || !bytes.Equal(initial, places) {
		t.Error("the same seed gives another instance")
	}
	if err := write(t.TempDir(), fleetShape{machines: 3}, 1); err == nil {
		t.Error("three machines are accepted")
	}
}
