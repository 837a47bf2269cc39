package planning

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
	"drover/internal/solver"
)

const gib = int64(1) << 30

var noon = model.InstantOf(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))

// solve is the solver as the planner wires it.
func solve(p *model.Problem, b scenario.Budget) (model.Answer, error) {
	return solver.Decide(p, b.Seed, b.Evaluations)
}

// generate makes a fleet: servers in zones of racks of 20, replicas of
// applications of about ten each, all forecast in steps of five minutes over
// six hours with seven quantiles, calls along chains, a campaign and a
// maintenance window. load is the share of CPU in use now; it rises.
func generate(seed uint64, servers, replicas int, load float64) scenario.View {
	rng := rand.New(rand.NewPCG(seed, 1))
	v := scenario.View{
		Fleet: "generated", Tick: noon, Interval: 5 * time.Minute,
		Servers: map[model.ServerID]model.Server{}, Applications: map[model.ApplicationID]model.Application{},
		Forecasts: map[scenario.ForecastKey]model.Forecast{}, Placement: model.Placement{},
	}
	for i := range servers {
		id := model.ServerID(fmt.Sprintf("s%04d", i))
		cores := int64(16 + 16*(i%3))
		v.Servers[id] = model.Server{
			ID: id, Zone: fmt.Sprintf("z%d", i%3), Rack: fmt.Sprintf("r%03d", i/20), CostMicrosPerHour: 20_000 * cores / 16,
			Capacity: model.Vector{cores * 1000, cores * 4 * gib, 1_250_000_000, 1_250_000_000, 2000 * gib},
			Power:    []model.PowerPoint{{UtilisationPPM: 0, PowerMilliwatts: 6000 * cores}, {UtilisationPPM: 1_000_000, PowerMilliwatts: 14_000 * cores}},
			MTBF:     8000 * time.Hour, MTTR: 4 * time.Hour,
		}
	}
	mean := load * float64(servers) * 32_000 / float64(replicas)
	room := map[model.ServerID]float64{}
	for i, app := 0, 0; i < replicas; app++ {
		n := min(replicas-i, 4+rng.IntN(13))
		id := model.ApplicationID(fmt.Sprintf("a%04d", app))
		a := model.Application{
			ID: id, Replicas: n, DataBytes: rng.Int64N(4) * gib, MinimumZones: 2, Driver: "simulator",
			AntiAffinity: []model.ApplicationID{id}, ServiceCVMilli: 1000, DemandMicros: 5000 + rng.Int64N(20_000),
			SLO: model.SLO{ResponseQuantilePPM: 950_000, ResponseMicros: 400_000, AvailabilityPPM: 999_900},
		}
		cpu := mean * (0.4 + 1.2*rng.Float64())
		a.Request = model.Vector{int64(cpu), 2 * gib, 1 << 20, 1 << 20, 5 * gib}
		v.Applications[id] = a
		used := map[model.ServerID]bool{}
		for r := range n {
			var s model.ServerID
			for tries := 0; tries < 40 || used[s]; tries++ {
				s = model.ServerID(fmt.Sprintf("s%04d", rng.IntN(servers)))
				if !used[s] && room[s]+cpu < load*1.5*float64(v.Servers[s].Capacity[model.CPU]) {
					break
				}
			}
			used[s] = true
			room[s] += cpu
			rep := model.NewReplicaID(id, r)
			v.Placement[rep] = s
			forecast(v, rep, model.CPU, cpu, 0.3*rng.Float64(), 0.08)
			forecast(v, rep, model.Memory, float64(2*gib), 0.02, 0.02)
		}
		if app%4 != 0 { // chains of four
			v.Edges = append(v.Edges, model.Edge{
				Caller: model.ApplicationID(fmt.Sprintf("a%04d", app-1)), Callee: id, CallsPerSecond: 200,
				RequestBytesPerSecond: 400_000, ResponseBytesPerSecond: 2_000_000,
			})
		}
		i += n
	}
	v.Maintenance = []model.Maintenance{{ID: "m1", Server: "s0007", Start: noon.Add(time.Hour), End: noon.Add(3 * time.Hour)}}
	v.Calendar = []model.CalendarEvent{{ID: "c1", Kind: "campaign", Name: "sale", Start: noon.Add(2 * time.Hour), End: noon.Add(5 * time.Hour),
		UpliftPPM: 200_000, Applications: []model.ApplicationID{"a0003", "a0004", "a0005"}}}
	return v
}

// forecast adds a rising forecast with normal quantiles.
func forecast(v scenario.View, rep model.ReplicaID, res model.Resource, now, rise, spread float64) {
	const steps = 72
	z := []float64{-1.645, -0.674, 0, 0.674, 1.282, 1.645, 2.326}
	q := model.Quantiles{Levels: []float64{0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99}, Mean: make([]float64, steps), Values: make([][]float64, steps)}
	for h := range steps {
		m := now * (1 + rise*math.Sin(float64(h)/steps*math.Pi/2))
		q.Mean[h], q.Values[h] = m, make([]float64, len(z))
		for l := range z {
			q.Values[h][l] = max(0, m*(1+spread*z[l]))
		}
	}
	e := model.ReplicaEntity(rep)
	v.Forecasts[scenario.ForecastKey{Entity: e, Resource: res}] = model.Forecast{
		Entity: e, Resource: res, Origin: v.Tick, Step: 5 * time.Minute, Quantiles: q,
		Observed: now, ObservedAt: v.Tick, Peak: now * (1 + rise) * 1.1, Trusted: true,
	}
}
