package wallclock

import (
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata" // the zones are the same on every machine

	"drover/internal/model"
)

func zone(t testing.TB, name string) (*Zone, *time.Location) {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return Of(location), location
}

// TestWallIsWhatTheLocationShows in zones with whole, half and quarter hours of
// offset, changes of half an hour, none, and rules that have ended.
func TestWallIsWhatTheLocationShows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Asia/Tokyo"} {
		z, location := zone(t, name)
		if z.String() != name {
			t.Errorf("%s is called %s", name, z)
		}
		for range 4000 {
			at := model.Instant(rng.Int64N(4_100_000_000_000)) // to 2099
			local := at.Time().In(location)
			want := model.InstantOf(time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC))
			wall := z.Wall(at)
			if wall != want {
				t.Fatalf("%s at %v: wall %v, want %v", name, at, wall, want)
			}
			back := z.Instant(wall)
			if z.Wall(back) != wall || back > at {
				t.Fatalf("%s at %v: the clock shows %v first at %v, when it shows %v", name, at, wall, back, z.Wall(back))
			}
		}
	}
}

func TestChanges(t *testing.T) {
	z, _ := zone(t, "Europe/Berlin")
	for text, want := range map[string]string{
		"2024-03-31T00:59:59Z": "2024-03-31T01:59:59Z",
		"2024-03-31T01:00:00Z": "2024-03-31T03:00:00Z", // an hour is left out
		"2024-10-27T00:30:00Z": "2024-10-27T02:30:00Z",
		"2024-10-27T01:30:00Z": "2024-10-27T02:30:00Z", // an hour comes twice
	} {
		at, err := model.ParseInstant(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := z.Wall(at).String(); got != want {
			t.Errorf("at %s the clock shows %s, want %s", text, got, want)
		}
	}
	for wall, want := range map[string]string{
		"2024-03-31T02:30:00Z": "2024-03-31T01:00:00Z", // never shown
		"2024-03-31T03:00:00Z": "2024-03-31T01:00:00Z",
		"2024-10-27T02:30:00Z": "2024-10-27T00:30:00Z", // the first time
		"2024-10-27T03:00:00Z": "2024-10-27T02:00:00Z",
		"1900-01-01T00:00:00Z": "1899-12-31T23:00:00Z",
	} {
		at, err := model.ParseInstant(wall)
		if err != nil {
			t.Fatal(err)
		}
		if got := z.Instant(at).String(); got != want {
			t.Errorf("the clock shows %s at %s, want %s", wall, got, want)
		}
	}
}

func TestUTCIsNoZone(t *testing.T) {
	var none *Zone
	if Of(time.UTC) != nil || Of(nil) != nil || none.Wall(5) != 5 || none.Instant(5) != 5 || none.String() != "UTC" {
		t.Error("UTC is not what stands for no zone")
	}
}

func BenchmarkWall(b *testing.B) {
	z, _ := zone(b, "Europe/Berlin")
	at := model.Instant(1_700_000_000_000)
	for b.Loop() {
		at = at + z.Wall(at)&1
	}
}
