package solve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/model"
	"drover/internal/solver"
)

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestParseROADEF(t *testing.T) {
	p, err := readROADEF("testdata/model.txt", "testdata/initial.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Bins) != 4 || len(p.Items) != 3 || len(p.Groups) != 2 || len(p.Balances) != 1 {
		t.Fatalf("%d bins, %d items, %d groups, %d balances", len(p.Bins), len(p.Items), len(p.Groups), len(p.Balances))
	}
	if !p.Resources[0].Transient || p.Resources[1].Transient || p.Groups[1].DependsOn[0] != 0 || p.MoveDistance[0][3] != 5 {
		t.Errorf("misread: %+v", p)
	}
	costs, broken := solver.Evaluate(p, []int{0, 3, 0})
	// By hand: machine 0 holds 18 and 210 against safety 16 and 80; machine 3
	// holds 10 and 20 against 8 and 80.
	// Balance is due where 20 x free(0) exceeds free(1): 240 to 190 on machine 0
	// and 300 to 100 on machine 2.
	want := model.Costs{model.PartLoad: 100*2 + 10*130 + 100*2, model.PartBalance: 10 * (240 - 190 + 300 - 100)}
	if costs != want {
		t.Errorf("costs %v, want %v", costs, want)
	}
	if len(broken) != 0 {
		t.Errorf("the start breaks %v", broken)
	}
}

func TestParseROADEFNamesWhatIsWrong(t *testing.T) {
	good := string(readTestdata(t, "model.txt"))
	tests := []struct{ name, text, want string }{
		{"empty", "", "m.txt:1: the file ends where number of resources should stand"},
		{"letter", strings.Replace(good, "400", "4x0", 1), `m.txt:5: capacity: "4x0"`},
		{"negative", strings.Replace(good, "240", "-240", 1), `m.txt:6: capacity: "-240"`},
		{"cut", good[:len(good)-4], "the file ends where"},
		{"more", good + "7\n", "more numbers than the format has"},
		{"machines", "1\n0 1\n99999999\n", "too short"},
		{"overflow", strings.Replace(good, "1000", "99999999999999999999", 1), "63 bits"},
		{"dependency", strings.Replace(good, "\n1 1 0\n", "\n1 1 9\n", 1), "dependency: 9 is not below 2"},
		{"service", strings.Replace(good, "1 6 200 1", "5 6 200 1", 1), "service of a process: 5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseROADEF("m.txt", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	p, err := parseROADEF("m.txt", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"0 3", "0 3 0 1", "0 4 0", "0 a 0"} {
		if err := parseAssignment(p, "a.txt", []byte(text)); err == nil {
			t.Errorf("assignment %q is accepted", text)
		}
	}
}

func FuzzROADEF(f *testing.F) {
	f.Add(readTestdata(f, "model.txt"), []byte("0 3 0"))
	f.Add([]byte("1\n1 1\n"), []byte(""))
	f.Fuzz(func(t *testing.T, text, initial []byte) {
		p, err := parseROADEF("m", text)
		if err != nil || parseAssignment(p, "a", initial) != nil || len(p.Items)*len(p.Bins) > 1000 {
			return
		}
		// What parses is either refused by the solver or solved without a panic.
		if a, err := solver.Solve(p, solver.Options{Evaluations: 500}); err == nil && a.Violated > a.StartViolated {
			t.Errorf("%d violations, %d at the start", a.Violated, a.StartViolated)
		}
	})
}

// TestPublicInstances runs the smallest public instances briefly where they are
// at hand: feasible, better than the start, above the bound.
func TestPublicInstances(t *testing.T) {
	data := os.Getenv("DROVER_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	data = filepath.Join(data, "roadef2012")
	if _, err := os.Stat(data); err != nil {
		t.Skipf("the challenge's instances are not at %s: set DROVER_DATA", data)
	}
	for name, most := range map[string]int64{"a1_1": 44_400_000, "a1_5": 727_700_000} {
		p, err := readROADEF(filepath.Join(data, "model_"+name+".txt"), filepath.Join(data, "assignment_"+name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		a, err := solver.Solve(p, solver.Options{Seed: 1, Evaluations: 300_000, Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		if a.Violated > 0 || a.Costs.Total() > most || a.Costs.Total() < a.LowerBound {
			t.Errorf("%s: cost %d (want at most %d), bound %d, violations %v", name, a.Costs.Total(), most, a.LowerBound, a.Violations)
		}
	}
}
