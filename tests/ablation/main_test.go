package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTableComparesWithTheWholeSearch(t *testing.T) {
	var calls []string
	p := plan{instances: []string{"x", "y"}, parts: []string{"swaps", "relays"}, seeds: 2,
		solve: func(_ context.Context, instance, without string, seed int) (int64, error) {
			calls = append(calls, instance+without)
			cost := map[string]int64{"": 100, "swaps": 110, "relays": 99}[without] * 1e6
			if instance == "y" {
				cost *= 2
			}
			return cost + int64(seed-1)*2e6, nil // means are a million higher
		}}
	var out strings.Builder
	if err := p.table(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{
		"| left out | x | y | mean |\n|---|---|---|---|\n", "| nothing | 101.0 M | 201.0 M | |\n",
		"| swaps | +9.90 % | +9.95 % | +9.93 % |\n", "| relays | -0.99 % | -1.00 % | -0.99 % |\n",
	} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("no %q in\n%s", row, out.String())
		}
	}
	if len(calls) != 12 {
		t.Errorf("%d runs, want 3 cases x 2 instances x 2 seeds", len(calls))
	}
}

func TestTableEndsWithTheFirstError(t *testing.T) {
	broken := errors.New("broken")
	p := plan{instances: []string{"x"}, parts: []string{"swaps"}, seeds: 1,
		solve: func(_ context.Context, _, without string, _ int) (int64, error) {
			if without != "" {
				return 0, broken
			}
			return 1, nil
		}}
	if err := p.table(t.Context(), &strings.Builder{}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestRunReadsTheObjective(t *testing.T) {
	program := filepath.Join(t.TempDir(), "drover")
	script := "#!/bin/sh\necho \"$@\" >&2\ncase \"$*\" in *'--without swaps'*) echo '{\"objective\":7}';; *) echo nonsense;; esac\n"
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if cost, err := run(t.Context(), program, "data", "a", "swaps", 1, time.Second); err != nil || cost != 7 {
		t.Errorf("%d, %v", cost, err)
	}
	if _, err := run(t.Context(), program, "data", "a", "", 1, time.Second); err == nil {
		t.Error("nonsense is read")
	}
}
