package netmap

import (
	"math"
	"math/rand/v2"
	"testing"
)

// place embeds a matrix of round trips by passes over all pairs.
func place(rtt [][]float64, passes int) []coordinate {
	coords := make([]coordinate, len(rtt))
	r := rand.New(rand.NewPCG(1, 1))
	for pass := range passes {
		step := 0.25 * (1 - 0.8*float64(pass)/float64(passes))
		for range len(rtt) * len(rtt) {
			i, j := r.IntN(len(rtt)), r.IntN(len(rtt))
			if i != j {
				attract(&coords[i], &coords[j], rtt[i][j], step, uint64(i)<<32|uint64(j))
			}
		}
	}
	return coords
}

func TestHeightsAreFoundWhereOnlyTheyMatter(t *testing.T) {
	// Every pair of a star is as far apart as its two access links are long.
	access := []float64{500, 1000, 2000, 4000, 8000, 700, 1500}
	rtt := make([][]float64, len(access))
	for i := range access {
		for j := range access {
			rtt[i] = append(rtt[i], access[i]+access[j])
		}
	}
	coords := place(rtt, 200)
	for i := range coords {
		for j := range i {
			if got := coords[i].distance(&coords[j]); math.Abs(got-rtt[i][j]) > 0.15*rtt[i][j] {
				t.Errorf("%d to %d: %.0f, want %.0f", i, j, got, rtt[i][j])
			}
		}
	}
	if long, short := coords[4].height, coords[0].height; long < 3*short {
		t.Errorf("heights %.0f of the longest and %.0f of the shortest access link", long, short)
	}
}

func TestPointsOnALineKeepTheirDistances(t *testing.T) {
	rtt := make([][]float64, 8)
	for i := range rtt {
		for j := range rtt {
			rtt[i] = append(rtt[i], 1000*math.Abs(float64(i-j)))
		}
	}
	coords := place(rtt, 300)
	for i := range coords {
		for j := range i {
			if got := coords[i].distance(&coords[j]); math.Abs(got-rtt[i][j]) > 0.2*rtt[i][j] {
				t.Errorf("%d to %d: %.0f, want %.0f", i, j, got, rtt[i][j])
			}
		}
		if coords[i].err > 0.2 {
			t.Errorf("node %d thinks it errs by %.2f", i, coords[i].err)
		}
	}
}

func TestAttractStaysFiniteAndWithinBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	coords := make([]coordinate, 5)
	for range 50_000 {
		i, j := r.IntN(5), r.IntN(5)
		if i == j {
			continue
		}
		attract(&coords[i], &coords[j], math.Exp(1+16*r.Float64()), 0.25, r.Uint64())
		for _, c := range coords {
			if c.placed && (!(c.height >= leastHeight) || c.err <= 0 || c.err > 1 || math.IsNaN(c.at[0]) || math.Abs(c.at[0]) > 1e9) {
				t.Fatalf("%+v", c)
			}
		}
	}
}

func TestDirectionsAreUnitVectors(t *testing.T) {
	for salt := range uint64(100) {
		sum := 0.0
		for _, v := range anyDirection(salt) {
			sum += v * v
		}
		if math.Abs(sum-1) > 1e-6 {
			t.Errorf("salt %d: length %g", salt, math.Sqrt(sum))
		}
	}
}

func TestShufflePermutes(t *testing.T) {
	list := make([]int32, 100)
	for i := range list {
		list[i] = int32(i)
	}
	shuffle(list, 7)
	seen, moved := map[int32]bool{}, 0
	for i, v := range list {
		seen[v] = true
		if int32(i) != v {
			moved++
		}
	}
	if len(seen) != 100 || moved < 80 {
		t.Errorf("%d different, %d moved", len(seen), moved)
	}
}
