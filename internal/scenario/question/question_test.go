package question

import (
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/scenario"
)

func TestParseChange(t *testing.T) {
	for text, want := range map[string]int64{"+40%": 400_000, "-10%": -100_000, "1.4x": 400_000, "0.25": 250_000, "1": 1_000_000, "2x": 1_000_000} {
		if got, err := ParseChange(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "%", "NaN", "+Inf%", "-101%", "1e9x", "+40", "3", "-1.5"} {
		if got, err := ParseChange(text); err == nil {
			t.Errorf("%q is read as %d", text, got)
		}
	}
}

// small is a fleet of two servers in two zones with one application.
func small() scenario.View {
	now := model.InstantOf(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC))
	return scenario.View{Fleet: "f", Tick: now,
		Servers:      map[model.ServerID]model.Server{"s1": {ID: "s1", Zone: "a", Rack: "r1"}, "s2": {ID: "s2", Zone: "b", Rack: "r2"}},
		Applications: map[model.ApplicationID]model.Application{"web": {ID: "web"}}}
}

func TestAQuestionIsReadAndBegun(t *testing.T) {
	q, err := Parse(Text{Drain: []string{"s1"}, Server: []string{"like:s2", "like:s2"}, Load: []string{"web=+40%", "all=10%"}, Lose: []string{"zone:b"}, Slow: []string{"a:b=3x"}, Growth: "5%"})
	if err != nil {
		t.Fatal(err)
	}
	v := small()
	if q.At, err = ParseAt("08:30", v.Tick); err != nil || q.At.Time().Day() != 13 {
		t.Fatalf("half past eight is %v (%v), want tomorrow's", q.At, err)
	}
	if err := Begin(&q, v); err != nil {
		t.Fatal(err)
	}
	f := q.Future
	if f.Load[0].ChangePPM != 400_000 || f.Load[1].Application != "" || f.Load[0].Start != q.At || f.Lost[0].Start != q.At ||
		f.Slow[0].FromZone != "a" || f.Slow[0].From != "" || f.GrowthPPM != 50_000 || q.Drain[0] != "s1" {
		t.Errorf("%+v", q)
	}
	if len(q.Added) != 2 || q.Added[1] != "s2" {
		t.Errorf("servers that come: %+v", q)
	}
}

func TestMistakesNameTheirField(t *testing.T) {
	for want, text := range map[string]Text{
		"--drain":                       {Drain: []string{""}},
		"--server \"s1\": want like:ID": {Server: []string{"s1"}},
		"--server \"like:\"":            {Server: []string{"like:"}},
		"--server like:s9: no such":     {Server: []string{"like:s9"}},
		"--load \"web\"":                {Load: []string{"web"}},
		"--lose \"b\"":                  {Lose: []string{"b"}},
		"--slow \"a=2x\"":               {Slow: []string{"a=2x"}},
		"--growth":                      {Growth: "lots"},
		"the unit is missing":           {Load: []string{"web=+40"}},
		"range: want":                   {Growth: "1e300%"},
		"--slow \"a:b=0x\": want a":     {Slow: []string{"a:b=0x"}},
		"no such server in fleet":       {Drain: []string{"s9"}},
		"no such application":           {Load: []string{"x=1%"}},
		"--lose rack:r9: no such rack":  {Lose: []string{"rack:r9"}},
		"--lose zone:q: no such zone":   {Lose: []string{"zone:q"}},
		"--lose server:s9: no such":     {Lose: []string{"server:s9"}},
		"want two servers or two zones": {Slow: []string{"s1:b=2x"}},
	} {
		q, err := Parse(text)
		if err == nil {
			err = Begin(&q, small())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", text, err, want)
		}
	}
	for want, text := range map[string]string{"want 18:00": "noonish", "lies before": "2020-01-01"} {
		if _, err := ParseAt(text, small().Tick); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestParseFactor(t *testing.T) {
	for text, want := range map[string]int64{"3x": 3_000_000, "+200%": 3_000_000, "0.5x": 500_000} {
		if got, err := ParseFactor(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"0x", "-100%", "-1x", "3", "fast"} {
		if got, err := ParseFactor(text); err == nil {
			t.Errorf("%q is read as %d", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("s1", "web=+40%", "zone:b", "a:b=3x", "5%", "18:00")
	f.Fuzz(func(t *testing.T, drain, load, lose, slow, growth, at string) {
		q, err := Parse(Text{Drain: []string{drain}, Load: []string{load}, Lose: []string{lose}, Slow: []string{slow}, Growth: growth})
		if err != nil {
			return
		}
		if q.At, err = ParseAt(at, small().Tick); err == nil && Begin(&q, small()) == nil && q.Future.Validate() != nil {
			t.Errorf("a future that is not valid was taken: %+v", q.Future)
		}
	})
}
