package forecaster

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/stream"
)

func zonesOf(t *testing.T, rules ...string) Zones {
	t.Helper()
	z, err := ParseZones(rules)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestTheNarrowestZoneHolds(t *testing.T) {
	z := zonesOf(t, "shop=Europe/Berlin", "shop/app:web=America/New_York", "Asia/Tokyo", "shop/server:s1=UTC")
	for of, want := range map[[2]string]string{
		{"shop", "app:db"}:        "Europe/Berlin",
		{"shop", "app:web"}:       "America/New_York",
		{"shop", "replica:web/3"}: "America/New_York",
		{"shop", "server:s1"}:     "UTC",
		{"shop", "server:s2"}:     "Europe/Berlin",
		{"mail", "app:web"}:       "Asia/Tokyo",
	} {
		if got := z.Of(model.FleetID(of[0]), model.EntityID(of[1])).String(); got != want {
			t.Errorf("%v goes by %s, want %s", of, got, want)
		}
	}
	if again := zonesOf(t, z.Strings()...); !slices.Equal(again.Strings(), z.Strings()) {
		t.Errorf("%v is read back as %v", z.Strings(), again.Strings())
	}
	if (Zones{}).Of("shop", "app:web") != nil {
		t.Error("without rules, clocks show UTC")
	}
}

func TestWrongZonesAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"Europe/Atlantis":         "no time zone is called",
		"":                        "no time zone is called",
		"Local":                   "no time zone is called",
		"shop=":                   "no time zone is called",
		"=UTC":                    "want ZONE, FLEET=ZONE",
		"shop/web=UTC":            "want ZONE, FLEET=ZONE",
		"shop/replica:web/1=UTC":  "want ZONE, FLEET=ZONE",
		"shop/app:=Europe/Berlin": "want ZONE, FLEET=ZONE",
	} {
		if _, err := ParseZones([]string{text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := ParseZones([]string{"a=UTC", "a=Asia/Tokyo"}); err == nil || !strings.Contains(err.Error(), "a second time zone") {
		t.Errorf("two for one fleet: %v", err)
	}
}

// TestARestartUnderAnotherZoneKeepsTheSeason: what was learned in UTC is turned to
// the wall clock that is configured now, so that the next hours are forecast as
// before; a restart under the same rules changes nothing.
func TestARestartUnderAnotherZoneKeepsTheSeason(t *testing.T) {
	events := weeklyLoad(8, 3)
	config := testConfig()
	config.Horizon = 36
	before, l := NewTask(config, 0), &log{topic: stream.Metrics}
	handle(t, before, l, events...)
	state, err := before.AppendSnapshot(nil)
	if err != nil {
		t.Fatal(err)
	}
	local := testConfig()
	local.Horizon, local.Zones = 36, zonesOf(t, "f=Asia/Tokyo", "f/app:a1=America/New_York")
	after := NewTask(local, 0)
	if err := after.Restore(state); err != nil {
		t.Fatal(err)
	}
	for _, key := range before.loads.keys()[:2] {
		s, turned := before.loads.at(key), after.loads.at(key)
		want, _ := s.model.Forecast(s.closed, 36, nil)
		got, _ := turned.model.Forecast(s.closed, 36, nil)
		for h := range want.Values {
			if off := math.Abs(want.At(h, 0.5) - got.At(h, 0.5)); off > 12 {
				t.Fatalf("%s, step %d: %.1f, was %.1f", key.entity, h, got.At(h, 0.5), want.At(h, 0.5))
			}
		}
		start, guided := turned.model.Guided()
		if was, _ := s.model.Guided(); !guided || start.Sub(was).Abs() > time.Hour {
			t.Errorf("%s: guided from %v, was from %v", key.entity, start, was)
		}
	}
	// Under the same rules it goes on bit for bit.
	kept, err := after.AppendSnapshot(nil)
	if err != nil {
		t.Fatal(err)
	}
	again := NewTask(local, 0)
	if err := again.Restore(kept); err != nil {
		t.Fatal(err)
	}
	if twice, err := again.AppendSnapshot(nil); err != nil || string(twice) != string(kept) {
		t.Errorf("a restart under the same rules changed the state: %v", err)
	}
}
