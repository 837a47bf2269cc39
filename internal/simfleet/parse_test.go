package simfleet

import (
	"strings"
	"testing"
	"time"
)

const small = `
fleet: shop
servers:
  - {id: a, zone: z1, cores: 8, memory_gib: 32, idle_watts: 60, peak_watts: 150}
  - {id: b, zone: z2, cores: 8, memory_gib: 32, idle_watts: 60, peak_watts: 150}
applications:
  - id: web
    on: [a, b]
    requests_per_second: 100
    demand_ms: 5
    p99_ms: 300
    calls: [{callee: db, per_request: 2, request_bytes: 300, response_bytes: 900}]
  - {id: db, on: [b], demand_ms: 1, memory_gib: 4, data_gib: 10}
campaigns:
  - {name: sale, application: web, begin: 30m, length: 2h, uplift: 0.5, announced: 24h}
maintenance:
  - {id: m1, server: a, begin: 1h, length: 30m, announced: 45m, reason: firmware}
`

func TestParseSpec(t *testing.T) {
	s, err := ParseSpec([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if s.Fleet != "shop" || len(s.Servers) != 2 || len(s.Applications) != 2 || s.Campaigns[0].Begin != 30*time.Minute ||
		s.Applications[0].Demand != 5*time.Millisecond || s.Servers[0].Capacity[0] != 8000 {
		t.Errorf("read %+v", s)
	}
	if _, err := New(s); err != nil {
		t.Error(err)
	}
}

func TestParseSpecRefuses(t *testing.T) {
	for want, text := range map[string]string{
		"servers":     "fleet: x",
		"colour":      strings.Replace(small, "zone: z1", "colour: red", 1),
		"start":       "start: yesterday\n" + small,
		"no server":   strings.Replace(small, "on: [a, b]", "on: [a, c]", 1),
		"\"cache\"":   strings.Replace(small, "callee: db", "callee: cache", 1),
		"history":     "history_days: -1\n" + small,
		"maintenance": strings.Replace(small, "server: a", "server: q", 1),
	} {
		if _, err := ParseSpec([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("servers: [{}]\napplications: [{on: [\"\"]}]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := ParseSpec(b); err == nil {
			if _, err := New(s); err == nil && len(s.Applications) == 0 {
				t.Error("a fleet without applications was accepted")
			}
		}
	})
}
