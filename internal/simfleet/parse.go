package simfleet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/goccy/go-yaml"

	"drover/internal/model"
)

// fileSpec is the YAML form of a Spec: names as people write them, CPU in
// cores, memory in GiB, durations as text.
type fileSpec struct {
	Fleet        string            `yaml:"fleet"`
	Seed         uint64            `yaml:"seed"`
	Start        string            `yaml:"start"`
	HistoryDays  float64           `yaml:"history_days"`
	Noise        float64           `yaml:"noise"`
	Servers      []fileServer      `yaml:"servers"`
	Applications []fileApplication `yaml:"applications"`
	Campaigns    []fileCampaign    `yaml:"campaigns"`
	Maintenance  []fileMaintenance `yaml:"maintenance"`
}

type fileServer struct {
	ID          string  `yaml:"id"`
	Zone        string  `yaml:"zone"`
	Rack        string  `yaml:"rack"`
	Cores       float64 `yaml:"cores"`
	MemoryGiB   float64 `yaml:"memory_gib"`
	NetworkMBps float64 `yaml:"network_mbps"` // megabytes per second
	IdleWatts   float64 `yaml:"idle_watts"`
	PeakWatts   float64 `yaml:"peak_watts"`
}

type fileApplication struct {
	ID           string     `yaml:"id"`
	On           []string   `yaml:"on"`
	PerSecond    float64    `yaml:"requests_per_second"`
	DemandMillis float64    `yaml:"demand_ms"`
	MemoryGiB    float64    `yaml:"memory_gib"`
	DailySwing   float64    `yaml:"daily_swing"`
	WeekendDrop  float64    `yaml:"weekend_drop"`
	PeakHour     float64    `yaml:"peak_hour"`
	DataGiB      float64    `yaml:"data_gib"`
	P99Millis    float64    `yaml:"p99_ms"`
	Zones        int        `yaml:"minimum_zones"`
	Calls        []fileCall `yaml:"calls"`
}

type fileCall struct {
	Callee        string  `yaml:"callee"`
	Rate          float64 `yaml:"per_request"`
	RequestBytes  float64 `yaml:"request_bytes"`
	ResponseBytes float64 `yaml:"response_bytes"`
}

type fileCampaign struct {
	Name        string        `yaml:"name"`
	Application string        `yaml:"application"`
	Begin       time.Duration `yaml:"begin"`
	Length      time.Duration `yaml:"length"`
	Uplift      float64       `yaml:"uplift"`
	Announced   time.Duration `yaml:"announced"`
}

type fileMaintenance struct {
	ID        string        `yaml:"id"`
	Server    string        `yaml:"server"`
	Begin     time.Duration `yaml:"begin"`
	Length    time.Duration `yaml:"length"`
	Announced time.Duration `yaml:"announced"`
	Reason    string        `yaml:"reason"`
}

// ParseSpec reads a fleet from YAML; unknown fields are errors, and what is
// left out has the demo fleet's values where there is a sensible one.
func ParseSpec(b []byte) (*Spec, error) {
	f := fileSpec{Fleet: "simulated", Seed: 1, Start: "2026-03-12T09:00:00Z", HistoryDays: 14, Noise: 0.04}
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("fleet file: %w", err)
	}
	start, err := model.ParseInstant(f.Start)
	if err != nil {
		return nil, fmt.Errorf("fleet file: start: %w", err)
	}
	if len(f.Servers) == 0 || len(f.Applications) == 0 {
		return nil, fmt.Errorf("fleet file: %d servers and %d applications: at least one of each is needed", len(f.Servers), len(f.Applications))
	}
	if f.HistoryDays < 0 || f.HistoryDays > 366 || f.Noise < 0 || f.Noise > 1 {
		return nil, fmt.Errorf("fleet file: history_days %v, noise %v: want 0 to 366 and 0 to 1", f.HistoryDays, f.Noise)
	}
	s := &Spec{Fleet: model.FleetID(f.Fleet), Seed: f.Seed, Start: start, Noise: f.Noise,
		History: time.Duration(f.HistoryDays * 24 * float64(time.Hour)), Interval: time.Minute, HistoryInterval: 5 * time.Minute}
	for _, sv := range f.Servers {
		s.Servers = append(s.Servers, sv.spec())
	}
	for _, a := range f.Applications {
		s.Applications = append(s.Applications, a.spec())
	}
	for i, c := range f.Campaigns {
		s.Campaigns = append(s.Campaigns, CampaignSpec{ID: fmt.Sprintf("%s-%d", c.Name, i+1), Name: c.Name, Begin: c.Begin, Length: c.Length,
			Application: model.ApplicationID(c.Application), Uplift: c.Uplift, Announced: c.Announced})
	}
	for _, m := range f.Maintenance {
		s.Maintenance = append(s.Maintenance, MaintenanceSpec{ID: m.ID, Server: model.ServerID(m.Server), Begin: m.Begin,
			Length: m.Length, Announced: m.Announced, Reason: m.Reason})
	}
	return s, s.Validate()
}

func (f *fileServer) spec() ServerSpec {
	network := int64(f.NetworkMBps * 1e6)
	if network == 0 {
		network = 1_250_000_000
	}
	s := ServerSpec{ID: model.ServerID(f.ID), Zone: f.Zone, Rack: f.Rack, IdleWatts: f.IdleWatts, PeakWatts: f.PeakWatts,
		CostMicrosPerHour: int64(f.Cores * 40_000)}
	s.Capacity = model.Vector{model.CPU: int64(f.Cores * 1000), model.Memory: int64(f.MemoryGiB * gibi),
		model.Receive: network, model.Transmit: network, model.Disk: 2_000 * gibi}
	return s
}

func (f *fileApplication) spec() ApplicationSpec {
	a := ApplicationSpec{ID: model.ApplicationID(f.ID), Replicas: len(f.On), Entry: f.PerSecond,
		Demand: time.Duration(f.DemandMillis * float64(time.Millisecond)), MemoryBytes: f.MemoryGiB * gibi, MemoryPerRequest: 60_000,
		DailySwing: f.DailySwing, WeekendDrop: f.WeekendDrop, PeakHour: f.PeakHour, DataBytes: int64(f.DataGiB * gibi),
		MinimumZones: f.Zones, SpreadServers: true,
		SLO: model.SLO{AvailabilityPPM: 999_500, HeadroomPPM: 100_000}}
	if f.P99Millis > 0 {
		a.SLO.ResponseQuantilePPM, a.SLO.ResponseMicros = 990_000, int64(f.P99Millis*1000)
	}
	for _, on := range f.On {
		a.Placement = append(a.Placement, model.ServerID(on))
	}
	for _, c := range f.Calls {
		a.Calls = append(a.Calls, CallSpec{Callee: model.ApplicationID(c.Callee), Rate: c.Rate,
			RequestBytes: c.RequestBytes, ResponseBytes: c.ResponseBytes})
	}
	return a
}
