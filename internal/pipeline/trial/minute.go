package trial

import (
	"strings"

	"drover/internal/model"
)

// What a server needs for itself and what a copy in flight costs each end.
const (
	systemMilli  = 120
	copyMilli    = 400
	callSeconds  = 0.001 // a call's way there and back
	wattsPerKilo = 1000
)

// Minutes are the minutes in which an application broke a promise, counted once
// each, by the gravest reason.
type Minutes struct {
	Maintenance int64 `json:"maintenance"` // a replica stood on a server that was away
	Overload    int64 `json:"overload"`    // a replica stood on a server with too little CPU or memory
	Headroom    int64 `json:"headroom"`    // a server had less to spare than was promised
	Response    int64 `json:"response"`    // the end-to-end response was too slow
}

// Sum is all of them.
func (m Minutes) Sum() int64 { return m.Maintenance + m.Overload + m.Headroom + m.Response }

func (m *Minutes) add(o Minutes) {
	m.Maintenance += o.Maintenance
	m.Overload += o.Overload
	m.Headroom += o.Headroom
	m.Response += o.Response
}

// Hour is an hour of a trial.
type Hour struct {
	Violated  int64   `json:"violated_minutes"`
	EnergyKWh float64 `json:"energy_kwh"`
	ServersOn float64 `json:"servers_on"`
	Moves     int64   `json:"moves"`
	Load      float64 `json:"load"` // CPU in use as a share of the fleet's
}

// statesRepeat tells whether a move's reason says that the application moves
// again.
func statesRepeat(reason string) bool { return strings.Contains(reason, "moves again") }

// minute judges one minute, by the true load in its middle.
func (j *judge) minute(mid model.Instant) {
	rates := j.fleet.Rates(mid)
	j.loadServers(rates)
	watts, on, used, capacity := 0.0, 0, 0.0, 0.0
	for s := range j.spec.Servers {
		spec := &j.spec.Servers[s]
		capacity += float64(spec.Capacity[model.CPU])
		if j.carries[s] == 0 {
			continue
		}
		on++
		u := min(1, j.load[s]/float64(spec.Capacity[model.CPU]))
		used += min(j.load[s], float64(spec.Capacity[model.CPU]))
		watts += spec.Watts(u)
	}
	minutes := j.violations(mid)
	kWh := watts / wattsPerKilo / 60
	j.count.minutes.add(minutes)
	j.count.energyKWh += kWh
	j.count.serverMinutes += int64(on)
	j.hour(mid, minutes.Sum(), kWh, on, used/capacity)
}

// hour adds a minute to its hour.
func (j *judge) hour(mid model.Instant, violated int64, kWh float64, on int, load float64) {
	h := int(mid.Sub(j.spec.Start).Hours())
	for len(j.hours) <= h {
		j.hours = append(j.hours, Hour{})
	}
	hour := &j.hours[h]
	hour.Violated += violated
	hour.EnergyKWh += kWh
	hour.ServersOn += float64(on) / 60
	hour.Load += load / 60
	hour.Moves += j.count.moves - j.count.movesSeen
	j.count.movesSeen = j.count.moves
}

// loadServers works out the CPU demand of every server.
func (j *judge) loadServers(rates map[model.ApplicationID]float64) {
	for s := range j.load {
		j.load[s], j.carries[s] = systemMilli, 0
	}
	for a := range j.spec.Applications {
		app := &j.spec.Applications[a]
		each := j.fleet.CPUMilli(app.ID, rates) / float64(app.Replicas)
		for _, s := range j.place[a] {
			j.load[s] += each
			j.carries[s]++
		}
	}
	for _, c := range j.copies { // sums of a constant: any order gives the same
		for _, s := range c {
			j.load[s] += copyMilli
			j.carries[s]++
		}
	}
}

// violations counts the applications that break a promise in this minute.
func (j *judge) violations(mid model.Instant) Minutes {
	var out Minutes
	j.laws.begin(j)
	for a := range j.spec.Applications {
		app := &j.spec.Applications[a]
		away, over, tight := false, false, false
		for _, s := range j.place[a] {
			u := j.load[s] / float64(j.spec.Servers[s].Capacity[model.CPU])
			away = away || j.away(s, mid)
			over = over || u > 1
			tight = tight || app.SLO.HeadroomPPM > 0 && u > 1-float64(app.SLO.HeadroomPPM)/1e6
		}
		slow := app.SLO.ResponseMicros > 0 && !j.laws.keeps(j, a)
		switch {
		case away:
			out.Maintenance++
		case over:
			out.Overload++
		case tight:
			out.Headroom++
		case slow:
			out.Response++
		default:
			continue
		}
		j.byApp[a]++
	}
	return out
}

// away tells whether a server is in its maintenance window.
func (j *judge) away(s int, at model.Instant) bool {
	for _, w := range j.down[s] {
		if at >= w.from && at < w.to {
			return true
		}
	}
	return false
}
