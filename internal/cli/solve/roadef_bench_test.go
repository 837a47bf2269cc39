package solve

import (
	"os"
	"path/filepath"
	"testing"

	"drover/internal/solver"
)

// benchCPU is how long each instance is searched, in CPU seconds of one lane.
const benchCPU = 5.0

// BenchmarkMoves measures a whole search on the challenge's B instances: how many
// feasible moves are priced in full and how many candidates are looked at in a
// CPU second, hot and cold, compound moves included.
func BenchmarkMoves(b *testing.B) {
	data := os.Getenv("DROVER_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	data = filepath.Join(data, "roadef2012")
	if _, err := os.Stat(data); err != nil {
		b.Skipf("the challenge's instances are not at %s: set DROVER_DATA", data)
	}
	for _, name := range []string{"b_1", "b_2", "b_3", "b_4", "b_5"} {
		b.Run(name, func(b *testing.B) {
			p, err := readROADEF(filepath.Join(data, "model_"+name+".txt"), filepath.Join(data, "assignment_"+name+".txt"))
			if err != nil {
				b.Fatal(err)
			}
			var evaluations, candidates int64
			var cpu float64
			for b.Loop() {
				from := cpuTime().Seconds()
				a, err := solver.Solve(p, solver.Options{Seed: 1, Guard: func() float64 { return (cpuTime().Seconds() - from) / benchCPU }})
				if err != nil {
					b.Fatal(err)
				}
				cpu += cpuTime().Seconds() - from
				evaluations += a.Evaluations
				candidates += a.Candidates
			}
			b.ReportMetric(float64(evaluations)/cpu, "moves/cpu-s")
			b.ReportMetric(float64(candidates)/cpu, "candidates/cpu-s")
		})
	}
}
