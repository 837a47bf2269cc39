package openmetrics

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"drover/internal/ingest/format"
)

// dataDir returns the folder of sample data, or skips the test.
func dataDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("DROVER_DATA")
	if dir == "" {
		dir = "../../../../../shared/data"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("sample data are not here (%s): set DROVER_DATA", dir)
	}
	return dir
}

func TestPublicCases(t *testing.T) {
	dirs, _ := filepath.Glob(filepath.Join(dataDir(t), "events/openmetrics/*"))
	if len(dirs) == 0 {
		t.Fatal("no cases found")
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var want struct{ ShouldParse bool }
			verdict, err := os.ReadFile(filepath.Join(dir, "test.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(verdict, &want); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, "metrics"))
			if err != nil {
				t.Fatal(err)
			}
			out := format.NewOut(nil)
			Parse(data, format.Options{}, out)
			if out.OK() != want.ShouldParse {
				t.Errorf("ok = %v (%v), want %v for\n%s", out.OK(), out.First, want.ShouldParse, data)
			}
		})
	}
}
