package scenario

import (
	"fmt"
	"math/rand/v2"
	"time"

	"drover/internal/model"
)

const gib = int64(1) << 30

// noon is the tick of most tests.
var noon = model.InstantOf(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))

// testServer has 8 cores, 32 GiB, 1 Gbit/s and 500 GiB of disk.
func testServer(id, zone string) model.Server {
	return model.Server{
		ID: model.ServerID(id), Zone: zone, Rack: zone + "-r", CostMicrosPerHour: 50_000,
		Capacity: model.Vector{8000, 32 * gib, 125_000_000, 125_000_000, 500 * gib},
		Power:    []model.PowerPoint{{UtilisationPPM: 0, PowerMilliwatts: 90_000}, {UtilisationPPM: 1_000_000, PowerMilliwatts: 200_000}},
	}
}

func testApplication(id string, cpu int64) model.Application {
	return model.Application{
		ID: model.ApplicationID(id), DataBytes: gib, Driver: "simulator",
		Request: model.Vector{cpu, 2 * gib, 1_000_000, 1_000_000, 10 * gib},
	}
}

// testView builds a view from servers, applications and "replica": "server".
func testView(servers []model.Server, apps []model.Application, placement map[string]string) View {
	v := View{
		Fleet: "f", Tick: noon, Interval: 5 * time.Minute, Servers: map[model.ServerID]model.Server{},
		Applications: map[model.ApplicationID]model.Application{}, Forecasts: map[ForecastKey]model.Forecast{},
		Placement: model.Placement{},
	}
	for _, s := range servers {
		v.Servers[s.ID] = s
	}
	for _, a := range apps {
		v.Applications[a.ID] = a
	}
	for r, s := range placement {
		v.Placement[model.ReplicaID(r)] = model.ServerID(s)
	}
	return v
}

// flatForecast forecasts a constant mean with a wider upper quantile for hours.
func flatForecast(v View, entity model.EntityID, res model.Resource, mean, high float64) View {
	return shapedForecast(v, entity, res, []float64{mean}, high/mean)
}

// shapedForecast forecasts one mean an hour (the last goes on), with the 95 %
// quantile at factor times the mean.
func shapedForecast(v View, entity model.EntityID, res model.Resource, means []float64, factor float64) View {
	q := model.Quantiles{Levels: []float64{0.05, 0.5, 0.95}}
	for h := range 12 {
		m := means[min(h, len(means)-1)]
		q.Mean = append(q.Mean, m)
		q.Values = append(q.Values, []float64{m / factor, m, m * factor})
	}
	v.Forecasts[ForecastKey{entity, res}] = model.Forecast{
		Entity: entity, Resource: res, Origin: v.Tick, Step: time.Hour, Quantiles: q,
		Observed: means[0], ObservedAt: v.Tick, Peak: means[0] * factor, Trusted: true,
	}
	return v
}

// randomView makes a fleet of n servers in three zones with about load of its
// CPU used, forecasts for every replica, and sometimes maintenance, a campaign,
// anti-affinity, spread and headroom promises.
func randomView(seed uint64, n int, load float64) View {
	rng := rand.New(rand.NewPCG(seed, 7))
	var servers []model.Server
	for i := range n {
		servers = append(servers, testServer(fmt.Sprintf("s%03d", i), fmt.Sprintf("z%d", i%3)))
	}
	v := testView(servers, nil, nil)
	used := make([]int64, n)
	for a := 0; ; a++ {
		app := testApplication(fmt.Sprintf("a%03d", a), 200+rng.Int64N(1200))
		replicas := 1 + rng.IntN(5)
		app.DataBytes = rng.Int64N(8) * gib
		if rng.IntN(3) == 0 {
			app.MinimumZones = min(replicas, 2)
		}
		if rng.IntN(3) == 0 {
			app.AntiAffinity = []model.ApplicationID{app.ID}
		}
		if rng.IntN(4) == 0 {
			app.SLO.HeadroomPPM = 150_000
		}
		v.Applications[app.ID] = app
		full := 0
		for r := range replicas {
			s := rng.IntN(n)
			if float64(used[s]+app.Request[0]) > load*8000*1.3 {
				full++
				continue
			}
			used[s] += app.Request[0]
			id := model.NewReplicaID(app.ID, r)
			v.Placement[id] = servers[s].ID
			mean := float64(app.Request[0])
			shapedForecast(v, model.ReplicaEntity(id), model.CPU, []float64{mean, mean * (0.8 + 0.4*rng.Float64()), mean * (0.8 + 0.6*rng.Float64())}, 1.15)
		}
		var sum int64
		for _, u := range used {
			sum += u
		}
		if float64(sum) > load*8000*float64(n) || full > 0 && a > 4*n {
			break
		}
	}
	if rng.IntN(2) == 0 {
		v.Maintenance = append(v.Maintenance, model.Maintenance{
			ID: "m1", Server: servers[rng.IntN(n)].ID, Start: noon.Add(time.Hour), End: noon.Add(3 * time.Hour),
		})
	}
	if rng.IntN(3) == 0 {
		v.Calendar = append(v.Calendar, model.CalendarEvent{
			ID: "c1", Kind: "campaign", Name: "sale", Start: noon.Add(2 * time.Hour), End: noon.Add(4 * time.Hour), UpliftPPM: 200_000,
			Applications: []model.ApplicationID{"a000", "a001"},
		})
	}
	return v
}
