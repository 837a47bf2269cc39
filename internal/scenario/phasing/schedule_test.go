package phasing

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

const now = model.Instant(1_000_000)

// server has capacity and load in CPU and memory only, one column.
func server(zone int, cpu, memory, cpuUsed, memoryUsed int64, apps ...int) Server {
	return Server{
		Capacity: model.Vector{cpu, memory}, Load: []model.Vector{{cpuUsed, memoryUsed}},
		Zone: zone, Applications: apps, Concurrency: 2,
	}
}

func demand(cpu, memory int64) []model.Vector { return []model.Vector{{cpu, memory}} }

// input puts applications where the servers say they are.
func input(servers []Server, apps []Application, moves []Move) Input {
	for s := range servers {
		for _, a := range servers[s].Applications {
			apps[a].Servers = append(apps[a].Servers, s)
		}
	}
	return Input{
		Now: now, Servers: servers, Applications: apps, Moves: moves, LinkConcurrency: 2,
		CopyBytesPerSecond: 1000, Overhead: 10 * time.Second, Lifetime: time.Hour,
	}
}

func TestPlanWaitsForRoom(t *testing.T) {
	// a leaves s1 for s2; b can come to s1 only once a is gone.
	in := input([]Server{server(0, 10, 10, 8, 8, 0), server(0, 10, 10, 0, 0), server(0, 10, 10, 5, 5, 1)},
		make([]Application, 2),
		[]Move{{Application: 1, From: 2, To: 0, Demand: demand(5, 5), Priority: 9}, {Application: 0, From: 0, To: 1, Demand: demand(8, 8), DataBytes: 5000}})
	out := Plan(in)
	if len(out.Dropped) != 0 || len(out.Steps) != 2 {
		t.Fatalf("%+v", out)
	}
	first, second := out.Steps[0], out.Steps[1]
	if first.Move != 1 || second.Move != 0 || !slices.Equal(second.After, []int{0}) {
		t.Fatalf("order %+v", out.Steps)
	}
	if first.Duration != 15*time.Second || second.Earliest != now.Add(5*time.Second) || second.Start != now.Add(15*time.Second) {
		t.Errorf("times: %v, earliest %v, start %v", first.Duration, second.Earliest-now, second.Start-now)
	}
}

// What is wrong already goes before what has a deadline, the worst first.
func TestHasteGoesBeforeDeadlines(t *testing.T) {
	servers := []Server{server(0, 100, 100, 40, 40, 0, 1, 2, 3), server(0, 100, 100, 0, 0)}
	servers[0].Concurrency, servers[1].Concurrency = 1, 1
	var moves []Move
	for a := range 4 {
		moves = append(moves, Move{Application: a, From: 0, To: 1, Demand: demand(10, 10), DataBytes: 1000})
	}
	moves[1].Deadline, moves[2].Haste, moves[3].Haste = now.Add(time.Minute), 5, 70
	var order []int
	var last model.Instant
	for _, s := range Plan(input(servers, make([]Application, 4), moves)).Steps {
		if order = append(order, s.Move); s.Start < last {
			t.Errorf("step %d starts at %v, before the one in front of it", len(order)-1, s.Start)
		}
		last = s.Start
	}
	if want := []int{3, 2, 1, 0}; !slices.Equal(order, want) {
		t.Errorf("the moves go in the order %v, want %v", order, want)
	}
}

func TestPlanDropsWhatCanNeverBe(t *testing.T) {
	swap := func() Input {
		return input([]Server{server(0, 10, 10, 8, 8, 0), server(0, 10, 10, 8, 8, 1)}, make([]Application, 2),
			[]Move{{Application: 0, From: 0, To: 1, Demand: demand(8, 8)}, {Application: 1, From: 1, To: 0, Demand: demand(8, 8)}})
	}
	cases := []struct {
		name string
		in   Input
		want string
	}{
		{"a swap without room", swap(), "no room for its cpu"},
		{"the same server", input([]Server{server(0, 9, 9, 0, 0, 0)}, make([]Application, 1), []Move{{Demand: demand(1, 1)}}), "same server"},
		{"a rival", input([]Server{server(0, 9, 9, 1, 1, 0), server(0, 9, 9, 1, 1, 1)}, []Application{{Rivals: []int{1}}, {Rivals: []int{0}}},
			[]Move{{Application: 0, From: 0, To: 1, Demand: demand(1, 1)}}), "must be apart"},
		{"its own replica", input([]Server{server(0, 9, 9, 1, 1, 0), server(0, 9, 9, 1, 1, 0)}, []Application{{Apart: true}},
			[]Move{{Application: 0, From: 0, To: 1, Demand: demand(1, 1)}}), "another replica"},
		{"zones", input([]Server{server(0, 9, 9, 1, 1, 0), server(1, 9, 9, 1, 1, 0), server(1, 9, 9, 0, 0)}, []Application{{MinimumZones: 2}},
			[]Move{{Application: 0, From: 0, To: 2, Demand: demand(1, 1)}}), "1 of 2 zones"},
	}
	for _, c := range cases {
		out := Plan(c.in)
		if len(out.Dropped) == 0 || !strings.Contains(out.Dropped[0].Reason, c.want) {
			t.Errorf("%s: %+v, want %q", c.name, out.Dropped, c.want)
		}
	}
}

func TestPlanSharesTheNetwork(t *testing.T) {
	s1, s2 := server(0, 9, 9, 1, 1, 0), server(0, 9, 9, 0, 0)
	s1.Capacity[model.Transmit], s1.Load[0][model.Transmit] = 1<<20, 1<<19
	s2.Capacity[model.Receive] = 1 << 22
	in := input([]Server{s1, s2}, make([]Application, 1), []Move{{From: 0, To: 1, Demand: demand(1, 1), DataBytes: 1 << 20}})
	in.CopyBytesPerSecond = 1 << 30
	out := Plan(in)
	// Half of what the source can send is in use, two copies share the rest.
	if len(out.Steps) != 1 || out.Steps[0].Bandwidth != 1<<18 || out.Steps[0].Duration != 14*time.Second {
		t.Fatalf("%+v", out)
	}
	s1.Load[0][model.Transmit] = 1 << 20
	if out := Plan(in); len(out.Dropped) != 1 || !strings.Contains(out.Dropped[0].Reason, "network") {
		t.Errorf("a full network: %+v", out)
	}
}

func TestPlanKeepsDeadlinesAndConcurrency(t *testing.T) {
	var moves []Move
	apps := make([]Application, 6)
	for a := range apps {
		moves = append(moves, Move{Application: a, From: 0, To: 1, Demand: demand(1, 1), DataBytes: 90_000, Deadline: now.Add(5 * time.Minute)})
	}
	in := input([]Server{server(0, 10, 10, 6, 6, 0, 1, 2, 3, 4, 5), server(0, 10, 10, 0, 0)}, apps, moves)
	out := Plan(in)
	// Two at once, 100 s each: three rounds fill the five minutes.
	if out.End != now.Add(5*time.Minute) {
		t.Errorf("end after %v", out.End.Sub(now))
	}
	for _, s := range out.Steps {
		if s.Late || s.Latest != now.Add(200*time.Second) {
			t.Errorf("step %+v", s)
		}
	}
	for i := range moves {
		moves[i].Deadline = now.Add(4 * time.Minute)
	}
	late := 0
	for _, s := range Plan(in).Steps {
		if s.Late {
			late++
		}
	}
	if late != 2 {
		t.Errorf("%d steps are late, want the last round of two", late)
	}
}

func TestWavesFollowPriorityAndSize(t *testing.T) {
	apps := make([]Application, 5)
	var moves []Move
	for a := range apps {
		moves = append(moves, Move{Application: a, From: 0, To: 1, Demand: demand(1, 1), Priority: int64(a / 4)})
	}
	in := input([]Server{server(0, 10, 10, 5, 5, 0, 1, 2, 3, 4), server(0, 10, 10, 0, 0)}, apps, moves)
	in.WaveSize = 3
	var waves []int
	for _, s := range Plan(in).Steps {
		waves = append(waves, s.Wave)
	}
	if !slices.Equal(waves, []int{1, 2, 2, 2, 3}) {
		t.Errorf("waves %v", waves)
	}
	// Where nobody approves waves, none holds the next one up.
	in.WaveSize = 0
	plan := Plan(in)
	if plan.Waves != 1 || slices.ContainsFunc(plan.Steps, func(s Step) bool { return s.Wave != 1 }) {
		t.Errorf("%d waves without a size, want one", plan.Waves)
	}
	if plan.Steps[0].Move != 4 {
		t.Errorf("move %d comes first, want the one of the highest priority", plan.Steps[0].Move)
	}
}

// randomInput makes servers that are full to different degrees and moves
// between them that fit in the end.
func randomInput(seed uint64) Input {
	rng := rand.New(rand.NewPCG(seed, 3))
	n := 3 + rng.IntN(6)
	servers := make([]Server, n)
	for s := range servers {
		servers[s] = server(s%3, 20, 20, 0, 0)
	}
	var apps []Application
	var moves []Move
	final := make([]int64, n)
	for len(apps) < 3*n {
		a := Application{MinimumZones: rng.IntN(3), Apart: rng.IntN(2) == 0}
		id := len(apps)
		for range 1 + rng.IntN(3) {
			from, to, size := rng.IntN(n), rng.IntN(n), int64(1+rng.IntN(8))
			if servers[from].Load[0][0]+size > 20 || final[to]+size > 20 || a.Apart && slices.Contains(servers[from].Applications, id) {
				continue
			}
			servers[from].Load[0] = servers[from].Load[0].Add(model.Vector{size, size})
			servers[from].Applications = append(servers[from].Applications, id)
			final[to] += size
			if from != to {
				moves = append(moves, Move{Application: id, From: from, To: to, Demand: demand(size, size), DataBytes: rng.Int64N(100_000), Priority: rng.Int64N(3)})
			}
		}
		apps = append(apps, a)
	}
	return input(servers, apps, moves)
}

// play runs a schedule in a random order that its precedences allow, with
// random overlaps, and checks every state on the way.
func play(t *testing.T, in Input, out Schedule, rng *rand.Rand) {
	t.Helper()
	load := make([]model.Vector, len(in.Servers))
	there := make([]map[int]int, len(in.Servers))
	for s := range in.Servers {
		load[s], there[s] = in.Servers[s].Load[0], map[int]int{}
		for _, a := range in.Servers[s].Applications {
			there[s][a]++
		}
	}
	zones := func(a int) int {
		seen := map[int]bool{}
		for s := range there {
			if there[s][a] > 0 {
				seen[in.Servers[s].Zone] = true
			}
		}
		return len(seen)
	}
	least := make([]int, len(in.Applications))
	for a := range least {
		least[a] = min(zones(a), in.Applications[a].MinimumZones)
	}
	state := make([]int, len(out.Steps)) // 0 waits, 1 runs, 2 has ended
	for left := 2 * len(out.Steps); left > 0; {
		i := rng.IntN(len(out.Steps))
		s, mv := out.Steps[i], in.Moves[out.Steps[i].Move]
		ready := !slices.ContainsFunc(s.After, func(a int) bool { return state[a] != 2 })
		switch {
		case state[i] == 0 && ready:
			load[mv.To] = load[mv.To].Add(mv.Demand[0])
			there[mv.To][mv.Application]++
			if !load[mv.To].Fits(in.Servers[mv.To].Capacity) {
				t.Fatalf("step %d overloads server %d: %v", i, mv.To, load[mv.To])
			}
			if in.Applications[mv.Application].Apart && there[mv.To][mv.Application] > 1 {
				t.Fatalf("step %d puts two replicas on server %d", i, mv.To)
			}
		case state[i] == 1:
			load[mv.From] = load[mv.From].Sub(mv.Demand[0])
			there[mv.From][mv.Application]--
			if z := zones(mv.Application); z < least[mv.Application] {
				t.Fatalf("step %d leaves application %d in %d zones of %d", i, mv.Application, z, least[mv.Application])
			}
		default:
			continue
		}
		state[i]++
		left--
	}
}

func FuzzPlan(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		in := randomInput(seed)
		out := Plan(in)
		if len(out.Steps)+len(out.Dropped) != len(in.Moves) {
			t.Fatalf("%d steps and %d dropped of %d moves", len(out.Steps), len(out.Dropped), len(in.Moves))
		}
		for order := range uint64(5) {
			play(t, in, out, rand.New(rand.NewPCG(seed, order)))
		}
	})
}
