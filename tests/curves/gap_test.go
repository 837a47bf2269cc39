package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const traceText = "cpu_s,evaluations,cost\n0,0,2000\n0.5,100,1500\n10,5000,1010\n25,9000,1005\n# lower_bound 1000\n"

func TestTraceIsReadAndDrawn(t *testing.T) {
	dir := t.TempDir()
	trace, reference := filepath.Join(dir, "b_1.csv"), filepath.Join(dir, "reference.csv")
	for path, text := range map[string]string{trace: traceText,
		reference: "instance,initial_cost,lower_bound,best_known,winner_300s_2core\nb_1,2000,1000,1001,1002\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := drawGaps(dir, reference, []string{trace}); err != nil {
		t.Fatal(err)
	}
	picture, err := os.ReadFile(filepath.Join(dir, "gap-b_1.svg"))
	if err != nil {
		t.Fatal(err)
	}
	var paths int
	var text strings.Builder
	for decoder := xml.NewDecoder(strings.NewReader(string(picture))); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Local == "path" {
				paths++
			}
		case xml.CharData:
			text.Write(e)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if paths != 4 {
		t.Errorf("%d lines, want the frame, two values to compare with, and the way", paths)
	}
	for _, want := range []string{"b_1: gap", "best known 0.1 %", "winner, 300 s 0.2 %", "0.5 %", "CPU seconds"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the picture doesn't say %q: %q", want, text.String())
		}
	}
}

func TestBadTracesAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no bound": strings.Split(traceText, "#")[0], "no rows": "cpu_s\n# lower_bound 5\n",
		"words": strings.Replace(traceText, "1500", "many", 1), "bound": strings.Replace(traceText, "1000\n", "x\n", 1),
	} {
		if g, err := readTrace(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read as %+v", name, g)
		}
	}
}

func TestAxisEnds(t *testing.T) {
	a := axis{0.1, 100, 10, 40}
	if a.at(0.1) != 10 || a.at(100) != 40 || len(a.ticks()) != 4 {
		t.Errorf("%g to %g, ticks %v", a.at(0.1), a.at(100), a.ticks())
	}
}
