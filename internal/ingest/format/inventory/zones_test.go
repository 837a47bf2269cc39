package inventory_test

import (
	"strings"
	"testing"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/inventory"
	"drover/internal/model"
)

func servers(t *testing.T, text string) (list []model.Server, out *format.Out) {
	t.Helper()
	out = format.NewOut(func(e any) {
		if s, ok := e.(model.Server); ok {
			list = append(list, s)
		}
	})
	inventory.Parse([]byte(text), format.Options{}, out)
	return list, out
}

func TestServersCarryTheirZonesFailures(t *testing.T) {
	for name, text := range map[string]string{
		"YAML": `zones: [{id: a, mtbf: 17520h, mttr: 30m}]
servers:
- {id: s1, zone: a, capacity: {cpu: 1}}
- {id: s2, zone: b, capacity: {cpu: 1}}
`,
		"CSV": "id,zone,cpu,memory,zone_mtbf,zone_mttr\ns1,a,1,1GiB,17520h,30m\ns2,b,1,1GiB,,\n",
	} {
		list, out := servers(t, text)
		if !out.OK() || len(list) != 2 {
			t.Fatalf("%s: %d servers, %v", name, len(list), out.First)
		}
		if s := list[0]; s.ZoneMTBF != 17520*time.Hour || s.ZoneMTTR != 30*time.Minute {
			t.Errorf("%s: zone a fails every %s for %s", name, s.ZoneMTBF, s.ZoneMTTR)
		}
		if s := list[1]; s.ZoneMTBF != 0 || s.ZoneMTTR != 0 {
			t.Errorf("%s: nobody said how often zone b fails, yet %s", name, s.ZoneMTBF)
		}
	}
}

func TestZonesThatWouldBeLostAreRefused(t *testing.T) {
	const one = "servers: [{id: s1, zone: a, capacity: {cpu: 1}}]\n"
	for text, want := range map[string]string{
		"zones: [{id: a, mtbf: 1h}]\n---\nzones: [{id: a}]\n":     `document at line 3: zones[0] "a": want an id of its own`,
		"zones: [{id: a, mtbf: 1h}, {id: a, mtbf: 2h}]\n" + one:   `zones[1] "a": want an id of its own`,
		"zones: [{mtbf: 1h}]\n" + one:                             `zones[0] "": want an id`,
		"zones: [{id: a, mtbf: often}]\n" + one:                   `zones[0] "a": mtbf "often": want a duration`,
		"zones: [{id: a, mttr: -1h}]\n" + one:                     `zones[0] "a": mttr "-1h"`,
		"id,zone,cpu,memory,zone_mtbf\ns1,,1,1GiB,1h\n":           "zone_mtbf without a zone",
		"id,zone,cpu,memory,zone_mtbf,zone_mttr\ns1,a,1,1,1h,x\n": `zone_mttr "x": want a duration`,
	} {
		list, out := servers(t, text)
		if out.First == nil || !strings.Contains(out.First.Error(), want) || len(list) > 0 {
			t.Errorf("%q: %d servers, %v, want %q", text, len(list), out.First, want)
		}
	}
}

// Zones may come before their servers, in a document of their own, or without
// any: that is said, and costs nothing else.
func TestZonesApartFromServers(t *testing.T) {
	list, out := servers(t, `zones: [{id: a, mtbf: 17520h, mttr: 30m}, {id: b, mtbf: 1h}]
---
servers: [{id: s1, zone: a, capacity: {cpu: 1}}]
`)
	if !out.OK() || len(list) != 1 || list[0].ZoneMTBF != 17520*time.Hour || list[0].ZoneMTTR != 30*time.Minute {
		t.Errorf("%+v, %v: want s1 in a zone that fails every 17520h", list, out.First)
	}
	if len(out.Notes) != 1 || !strings.Contains(out.Notes[0], `zone "b" holds no server`) {
		t.Errorf("notes %q: want one of zone b", out.Notes)
	}
	if _, out := servers(t, "zones: [{id: a, mtbf: 1h}]\n"); !out.OK() || len(out.Notes) != 1 {
		t.Errorf("zones alone: %v, notes %q", out.First, out.Notes)
	}
}
