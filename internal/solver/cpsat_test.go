//go:build cpsat

package solver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"drover/internal/model"
)

// cpsatProblems is how many random problems are held against CP-SAT.
const cpsatProblems = 200

// cpsatAnswer is a line of testdata/cpsat.py.
type cpsatAnswer struct {
	Status string `json:"status"`
	Cost   int64  `json:"cost"`
}

// askCPSAT solves problems with OR-tools, which the tag asks for.
func askCPSAT(t *testing.T, problems []*model.Problem) []cpsatAnswer {
	t.Helper()
	if err := exec.Command("python3", "-c", "import ortools.sat.python.cp_model").Run(); err != nil {
		t.Fatalf("OR-tools is missing (pip install ortools): %v", err)
	}
	var in, out bytes.Buffer
	for _, p := range problems {
		line, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	cmd := exec.Command("python3", "testdata/cpsat.py")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("cpsat.py: %v", err)
	}
	var answers []cpsatAnswer
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		var a cpsatAnswer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(problems) {
		t.Fatalf("%d answers to %d problems", len(answers), len(problems))
	}
	return answers
}

// TestAgreesWithCPSAT holds the exact mode's proofs and the search's answers
// against another solver, which has its own statement of the rules.
func TestAgreesWithCPSAT(t *testing.T) {
	problems := make([]*model.Problem, cpsatProblems)
	for k := range problems {
		seed := uint64(k)
		problems[k] = randomProblem(newRand(seed+9000), shape{items: 6 + k%3, bins: 4, groups: 4, resources: 2,
			periods: 1 + k%2, features: uint(seed*2654435761) & allFeatures, tight: 0.35})
	}
	feasible, agreed, found := 0, 0, 0
	for k, want := range askCPSAT(t, problems) {
		p, seed := problems[k], uint64(k)
		exact := mustSolve(t, p, Options{Seed: seed, Evaluations: 20_000_000, Exact: true})
		good := exact.Proven && (exact.Violated == 0) == (want.Status == "optimal")
		if want.Status == "optimal" {
			feasible++
			good = good && exact.Costs.Total() == want.Cost
			// The search alone: no proof by branch and bound before it.
			if a := searchOnly(t, p, seed); a.Violated == 0 && a.Costs.Total() == want.Cost {
				found++
			} else {
				t.Logf("problem %d: the search ends at %d with %d violations, the optimum is %d", k, a.Costs.Total(), a.Violated, want.Cost)
			}
		}
		if good {
			agreed++
		} else {
			t.Errorf("problem %d: CP-SAT says %+v; exact mode: proven %v, cost %d, %d violations",
				k, want, exact.Proven, exact.Costs.Total(), exact.Violated)
		}
	}
	share := float64(found) / float64(max(1, feasible))
	fmt.Printf(`{"problems":%d,"feasible":%d,"exact_agrees":%d,"search_finds":%d,"search_share":%.3f}`+"\n",
		len(problems), feasible, agreed, found, share)
	if share < 0.95 || feasible < 60 {
		t.Errorf("the search finds %d of %d optima, want 95 %%", found, feasible)
	}
}

// searchOnly solves without the exact attempt that small problems begin with.
func searchOnly(t *testing.T, p *model.Problem, seed uint64) *model.Answer {
	t.Helper()
	in, err := compile(p)
	if err != nil {
		t.Fatal(err)
	}
	r := newSearch(in, in.start, Options{Seed: seed, Evaluations: 400_000, Threads: 1})
	r.heuristic = true
	r.run()
	return r.answer()
}
