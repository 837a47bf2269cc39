package api

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestAnswersStayAsTheyAre holds the answers of every read against golden
// files: what scripts rely on doesn't change by accident.
func TestAnswersStayAsTheyAre(t *testing.T) {
	for _, r := range Routes() {
		if r.Method != "GET" || r.Answer == nil || r.Class == Stream {
			continue
		}
		s, _ := served(t)
		var got bytes.Buffer
		if err := json.Indent(&got, s.do("GET", fill(&r), "").Body.Bytes(), "", " "); err != nil {
			t.Fatalf("%s: %v", r.Name, err)
		}
		path := filepath.Join("testdata", r.Name+".json")
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, got.Bytes()) {
			t.Errorf("%s has changed; look at it, then go test ./internal/web/api -run Answers -update\n%.2000s", r.Name, got.Bytes())
		}
	}
}
