package simfleet

import (
	"fmt"
	"time"

	"drover/internal/model"
)

const (
	gibi = 1 << 30
	mebi = 1 << 20
)

// DemoSpec is the fleet that `drover up` shows: a shop of twelve applications on
// twelve servers in three zones. Half an hour after the start a campaign begins
// that some servers can't carry as they are loaded now, and a little later one
// server goes into maintenance.
func DemoSpec(seed uint64) *Spec {
	s := &Spec{
		Fleet:           "demo",
		Seed:            seed,
		Start:           model.InstantOf(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)),
		History:         14 * 24 * time.Hour,
		Interval:        time.Minute,
		HistoryInterval: 5 * time.Minute,
		Servers:         demoServers(),
		Applications:    demoApplications(),
		Noise:           0.04,
	}
	for week := 1; week <= 2; week++ {
		s.Campaigns = append(s.Campaigns, CampaignSpec{
			ID: fmt.Sprintf("newsletter-%d", 3-week), Name: "newsletter", Application: "web", Uplift: 0.55,
			Begin: -time.Duration(week)*7*24*time.Hour + 40*time.Minute, Length: 2 * time.Hour, Announced: 24 * time.Hour,
		})
	}
	s.Campaigns = append(s.Campaigns, CampaignSpec{
		ID: "newsletter-3", Name: "newsletter", Application: "web", Uplift: 0.6,
		Begin: 35 * time.Minute, Length: 2 * time.Hour, Announced: 24 * time.Hour,
	})
	s.Maintenance = []MaintenanceSpec{{
		ID: "firmware-s05", Server: "s05", Begin: 50 * time.Minute, Length: 45 * time.Minute,
		Announced: 40 * time.Minute, Reason: "firmware update",
	}}
	return s
}

func demoServers() []ServerSpec {
	var out []ServerSpec
	for i := range 12 {
		s := ServerSpec{
			ID:   model.ServerID(fmt.Sprintf("s%02d", i+1)),
			Zone: string(rune('a' + i/4)),
			Rack: fmt.Sprintf("%c%d", 'a'+i/4, i%4/2+1),
			Capacity: model.Vector{model.CPU: 16_000, model.Memory: 64 * gibi,
				model.Receive: 1_250_000_000, model.Transmit: 1_250_000_000, model.Disk: 2_000 * gibi},
			IdleWatts: 95, PeakWatts: 265, CostMicrosPerHour: 620_000,
		}
		if i%4 == 3 { // a smaller machine in each zone
			s.Capacity[model.CPU], s.Capacity[model.Memory] = 8_000, 32*gibi
			s.IdleWatts, s.PeakWatts, s.CostMicrosPerHour = 60, 150, 340_000
		}
		out = append(out, s)
	}
	return out
}

func demoApplications() []ApplicationSpec {
	slo := func(p99 time.Duration) model.SLO {
		return model.SLO{ResponseQuantilePPM: 990_000, ResponseMicros: p99.Microseconds(), AvailabilityPPM: 999_500, HeadroomPPM: 100_000}
	}
	call := func(callee model.ApplicationID, rate, request, response float64) CallSpec {
		return CallSpec{Callee: callee, Rate: rate, RequestBytes: request, ResponseBytes: response}
	}
	app := func(id model.ApplicationID, demand time.Duration, memory float64, p99 time.Duration, on ...model.ServerID) ApplicationSpec {
		return ApplicationSpec{ID: id, Replicas: len(on), Demand: demand, MemoryBytes: memory, MemoryPerRequest: 60_000,
			DailySwing: 0.45, WeekendDrop: 0.25, PeakHour: 13, SLO: slo(p99), SpreadServers: true,
			MinimumZones: min(2, len(on)), Placement: on, DataBytes: 2 * gibi}
	}
	web := app("web", 9*time.Millisecond, 2*gibi, 900*time.Millisecond, "s01", "s05", "s09")
	web.Entry = 620
	web.Calls = []CallSpec{call("api", 1.6, 900, 4_500), call("images", 0.4, 300, 40_000)}
	api := app("api", 6*time.Millisecond, 3*gibi, 600*time.Millisecond, "s01", "s06", "s10")
	api.Calls = []CallSpec{call("catalog", 0.8, 400, 9_000), call("cart", 0.3, 500, 1_200), call("search", 0.25, 300, 12_000),
		call("users", 0.5, 300, 800), call("orders", 0.05, 2_000, 1_500)}
	catalog := app("catalog", 4*time.Millisecond, 6*gibi, 200*time.Millisecond, "s01", "s06", "s11")
	catalog.Calls = []CallSpec{call("cache", 2, 120, 2_500), call("database", 0.2, 500, 6_000)}
	cart := app("cart", 3*time.Millisecond, 2*gibi, 150*time.Millisecond, "s01", "s07")
	cart.Calls = []CallSpec{call("cache", 3, 150, 600)}
	search := app("search", 11*time.Millisecond, 8*gibi, 400*time.Millisecond, "s01", "s07")
	users := app("users", 2*time.Millisecond, 2*gibi, 120*time.Millisecond, "s01", "s10")
	users.Calls = []CallSpec{call("database", 0.6, 300, 900)}
	orders := app("orders", 14*time.Millisecond, 4*gibi, 700*time.Millisecond, "s03", "s05")
	orders.Calls = []CallSpec{call("database", 4, 700, 1_500), call("payments", 1, 900, 500), call("mail", 1, 1_500, 200)}
	payments := app("payments", 18*time.Millisecond, 2*gibi, 900*time.Millisecond, "s01", "s11")
	mail := app("mail", 5*time.Millisecond, gibi, 2*time.Second, "s08", "s05")
	images := app("images", 2*time.Millisecond, 4*gibi, 300*time.Millisecond, "s02", "s09")
	cache := app("cache", 300*time.Microsecond, 12*gibi, 20*time.Millisecond, "s03", "s07")
	cache.Stateful, cache.DataBytes = true, 4*gibi
	database := app("database", 1500*time.Microsecond, 20*gibi, 60*time.Millisecond, "s10", "s03")
	database.Stateful, database.DataBytes = true, 12*gibi
	reports := app("reports", 400*time.Millisecond, 6*gibi, 20*time.Second, "s05")
	reports.SLO.AvailabilityPPM = 0 // one replica can promise none
	reports.Entry, reports.DailySwing, reports.PeakHour, reports.MinimumZones = 3, 0.2, 4, 0
	reports.Calls = []CallSpec{call("database", 20, 800, 50_000)}
	return []ApplicationSpec{web, api, catalog, cart, search, users, orders, payments, mail, images, cache, database, reports}
}
