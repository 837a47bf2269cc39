package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

// TestACampaignIsCarriedToCallees: what the calendar says of the entry reaches the
// applications that it calls, by the share of their requests that come from it;
// those that the calendar names themselves, and those hardly touched, are left.
func TestACampaignIsCarriedToCallees(t *testing.T) {
	v := testView([]model.Server{testServer("s1", "a")}, []model.Application{testApplication("web", 100)}, map[string]string{"web/0": "s1"})
	v.Edges = []model.Edge{
		{Caller: "web", Callee: "api", CallsPerSecond: 50}, {Caller: "api", Callee: "db", CallsPerSecond: 100},
		{Caller: "batch", Callee: "db", CallsPerSecond: 100}, {Caller: "web", Callee: "log", CallsPerSecond: 1}, {Caller: "batch", Callee: "log", CallsPerSecond: 99},
	}
	v.Calendar = []model.CalendarEvent{{ID: "c", Kind: "campaign", Name: "sale", Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour),
		UpliftPPM: 400_000, Applications: []model.ApplicationID{"web"}}}
	loads := func() string {
		var out []string
		for _, future := range newFleet(v, Config{}.WithDefaults()).campaignFutures() {
			for _, l := range future.Load {
				out = append(out, fmt.Sprintf("%s %d", l.Application, l.ChangePPM))
				if l.Start != v.Calendar[0].Start || l.End != v.Calendar[0].End {
					t.Errorf("%s changes from %v to %v", l.Application, l.Start, l.End)
				}
			}
		}
		return strings.Join(out, ", ")
	}
	if got, want := loads(), "web 400000, api 400000, db 200000, web 600000, api 600000, db 300000"; got != want {
		t.Errorf("load changes %s, want %s", got, want)
	}
	v.Calendar[0].Applications = []model.ApplicationID{"db", "web"}
	if got, want := loads(), "db 400000, web 400000, api 400000, db 600000, web 600000, api 600000"; got != want {
		t.Errorf("with the database named: %s, want %s", got, want)
	}
	v.Calendar[0].Applications = nil
	if got, want := loads(), " 400000,  600000"; got != want {
		t.Errorf("for all: %q, want %q", got, want)
	}
}
