package simfleet

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"drover/internal/model"
)

// Generated says which fleet GeneratedSpec makes.
type Generated struct {
	Seed    uint64
	Servers int // a multiple of 40: four zones of racks of ten
	Days    int // the live part; two weeks of history lie before it
}

// Shares of a generated fleet's size: all grow with its servers.
const (
	zoneCount         = 4
	rackSize          = 10
	serversPerProduct = 6.25 // 32 products on 200 servers
	sharedServices    = 8
	peakShare         = 0.45 // of the fleet's cores, were all peaks at the same hour
	burstsPerWeek     = 3
)

// Validate tells what is wrong with the wish.
func (g Generated) Validate() error {
	switch {
	case g.Servers < 40 || g.Servers%(zoneCount*rackSize) != 0 || g.Servers > 4000:
		return fmt.Errorf("servers %d: want a multiple of %d up to 4000", g.Servers, zoneCount*rackSize)
	case g.Days < 1 || g.Days > 366:
		return fmt.Errorf("days %d: want 1 to 366", g.Days)
	}
	return nil
}

// GeneratedSpec returns a fleet of products, each a chain of applications that
// ends in shared services, with daily and weekly seasons of their own, a
// campaign a week, a night in which a rack is maintained, and bursts that no
// calendar knows of. Everything follows from the seed.
func GeneratedSpec(g Generated) (*Spec, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	gen := &generator{Generated: g, rng: rand.New(rand.NewPCG(g.Seed, 0x5eed)), spec: &Spec{
		Fleet: "generated", Seed: g.Seed, Start: model.InstantOf(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)),
		History: 14 * 24 * time.Hour, Interval: 5 * time.Minute, HistoryInterval: 5 * time.Minute, Noise: 0.03,
		Reported: []model.Resource{model.CPU}, Measured: []model.EntityKind{model.KindApplication}, RoutesEvery: 24 * time.Hour, RoutePeers: 7,
	}}
	gen.servers()
	gen.applications()
	gen.place()
	gen.campaigns()
	gen.maintenance()
	gen.bursts()
	return gen.spec, gen.spec.Validate()
}

type generator struct {
	Generated
	rng      *rand.Rand
	spec     *Spec
	products int
	cores    map[model.ApplicationID]float64 // of all replicas at the peak
}

// between draws evenly from [low, high).
func (g *generator) between(low, high float64) float64 { return low + (high-low)*g.rng.Float64() }

func (g *generator) servers() {
	for i := range g.Servers {
		rack := i / rackSize
		s := ServerSpec{
			ID: model.ServerID(fmt.Sprintf("s%03d", i+1)), Zone: string(rune('a' + rack%zoneCount)), Rack: fmt.Sprintf("r%02d", rack+1),
			Capacity: model.Vector{model.CPU: 16_000, model.Memory: 64 * gibi, model.Receive: 1_250_000_000,
				model.Transmit: 1_250_000_000, model.Disk: 2_000 * gibi},
			IdleWatts: 95, PeakWatts: 265, CostMicrosPerHour: 100_000, SafetyPPM: 880_000,
		}
		if i%2 == 1 { // every other one is a size larger
			s.Capacity[model.CPU], s.Capacity[model.Memory] = 32_000, 128*gibi
			s.IdleWatts, s.PeakWatts, s.CostMicrosPerHour = 140, 430, 120_000
		}
		g.spec.Servers = append(g.spec.Servers, s)
	}
}

func (g *generator) applications() {
	g.cores = map[model.ApplicationID]float64{}
	g.products = int(float64(g.Servers) / serversPerProduct)
	var total float64
	for _, s := range g.spec.Servers {
		total += float64(s.Capacity[model.CPU]) / 1000
	}
	var shared []ApplicationSpec
	for i := range sharedServices {
		a := g.application(fmt.Sprintf("shared-%d", i+1), g.between(0.5, 2))
		a.Stateful = i%2 == 0
		shared = append(shared, a)
	}
	perProduct := total * peakShare / float64(g.products)
	for p := range g.products {
		g.product(p, perProduct*g.between(0.5, 1.5), shared)
	}
	for _, a := range shared {
		g.add(a, g.cores[a.ID])
	}
}

// product adds a chain web -> api -> store, the api calling shared services too,
// with so many requests that it keeps some cores busy at its peak.
func (g *generator) product(p int, cores float64, shared []ApplicationSpec) {
	name := func(tier string) string { return fmt.Sprintf("%s-%02d", tier, p+1) }
	web, api, store := g.application(name("web"), g.between(4, 10)), g.application(name("api"), g.between(3, 9)), g.application(name("store"), g.between(1, 5))
	store.Stateful = true
	toAPI, toStore := g.between(1, 2), g.between(1, 2)
	web.Calls = []CallSpec{{Callee: api.ID, Rate: toAPI, RequestBytes: 900, ResponseBytes: 5_000}}
	api.Calls = []CallSpec{{Callee: store.ID, Rate: toStore, RequestBytes: 300, ResponseBytes: 2_000}}
	web.DailySwing, web.WeekendDrop = g.between(0.3, 0.6), g.between(0, 0.4)
	web.PeakHour = g.between(9, 19)
	if p%8 == 7 {
		web.PeakHour = g.between(1, 5) // work of the night
	}
	seconds := web.Demand.Seconds() + toAPI*(api.Demand.Seconds()+toStore*store.Demand.Seconds())
	first := g.rng.IntN(len(shared))
	for k := range 2 {
		s := &shared[(first+k)%len(shared)]
		rate := g.between(0.2, 0.6)
		api.Calls = append(api.Calls, CallSpec{Callee: s.ID, Rate: rate, RequestBytes: 200, ResponseBytes: 1_000})
		seconds += toAPI * rate * s.Demand.Seconds()
	}
	// On idle servers 99 % are answered within three to four times the mean.
	web.SLO = model.SLO{ResponseQuantilePPM: 990_000, ResponseMicros: int64(6e6*seconds) + 10_000}
	peak := cores / seconds // requests a second
	web.Entry = peak / (1 + web.DailySwing)
	g.add(web, peak*web.Demand.Seconds())
	g.add(api, peak*toAPI*api.Demand.Seconds())
	g.add(store, peak*toAPI*toStore*store.Demand.Seconds())
	for _, c := range api.Calls[1:] {
		s := slices.IndexFunc(shared, func(a ApplicationSpec) bool { return a.ID == c.Callee })
		g.cores[c.Callee] += peak * toAPI * c.Rate * shared[s].Demand.Seconds()
	}
}

func (g *generator) application(id string, demandMillis float64) ApplicationSpec {
	demand := time.Duration(demandMillis * float64(time.Millisecond)).Truncate(time.Microsecond)
	return ApplicationSpec{ID: model.ApplicationID(id), Demand: demand, MemoryBytes: float64(int64(g.between(1, 5))) * gibi,
		SpreadServers: true, MinimumZones: 2, DataBytes: int64(g.between(0.5, 4) * gibi)}
}

// add sizes an application for its peak: replicas of two to six cores each, at
// least three.
func (g *generator) add(a ApplicationSpec, cores float64) {
	g.cores[a.ID] = cores
	a.Replicas = max(3, int(cores/g.between(2, 6)+0.5))
	a.SLO.AvailabilityPPM, a.SLO.HeadroomPPM = 999_000, 100_000 // a tenth of every server is to be spare
	g.spec.Applications = append(g.spec.Applications, a)
}

// place spreads the replicas by what each needs at its peak.
func (g *generator) place() {
	apps := g.spec.Applications
	Spread(g.spec.Servers, apps, func(i int) float64 { return g.cores[apps[i].ID] / float64(apps[i].Replicas) })
}

// campaigns announces, a day before, a campaign of two products on one weekday
// of every week, those of the history included.
func (g *generator) campaigns() {
	day := g.rng.IntN(5)
	hour := g.between(8, 16)
	products := []int{g.rng.IntN(g.products), g.rng.IntN(g.products)}
	for week := -2; week*7 < g.Days; week++ {
		begin := time.Duration(week*7+day)*24*time.Hour + time.Duration(hour*60)*time.Minute
		for k, p := range products {
			g.spec.Campaigns = append(g.spec.Campaigns, CampaignSpec{
				ID: fmt.Sprintf("campaign-%d-%d", week+3, k+1), Name: "campaign", Begin: begin, Length: 3 * time.Hour,
				Application: model.ApplicationID(fmt.Sprintf("web-%02d", p+1)), Uplift: g.between(0.5, 0.8), Announced: 24 * time.Hour,
			})
		}
	}
}

// maintenance takes the servers of one rack away for forty minutes each, two at
// a time, in the night in the middle of the time; announced a day before.
func (g *generator) maintenance() {
	rack := g.rng.IntN(g.Servers / rackSize)
	night := time.Duration(g.Days/2)*24*time.Hour + time.Hour
	for i := range rackSize {
		g.spec.Maintenance = append(g.spec.Maintenance, MaintenanceSpec{
			ID: fmt.Sprintf("firmware-%02d", i+1), Server: g.spec.Servers[rack*rackSize+i].ID,
			Begin: night + time.Duration(i/2)*50*time.Minute, Length: 40 * time.Minute, Announced: 24 * time.Hour, Reason: "firmware",
		})
	}
}

// bursts are rises of a product's load that nobody announces: up within ten
// minutes, gone in an hour or two.
func (g *generator) bursts() {
	for i := range (g.Days + 14) * burstsPerWeek / 7 {
		g.spec.Campaigns = append(g.spec.Campaigns, CampaignSpec{
			ID: fmt.Sprintf("burst-%d", i+1), Name: "burst", Unannounced: true,
			Begin:       time.Duration(g.between(-14*24*60, float64(g.Days)*24*60)) * time.Minute,
			Length:      time.Duration(g.between(60, 120)) * time.Minute,
			Application: model.ApplicationID(fmt.Sprintf("web-%02d", g.rng.IntN(g.products)+1)), Uplift: g.between(0.15, 0.35),
		})
	}
}
