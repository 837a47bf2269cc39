package up

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/simfleet"
	"drover/internal/web/readmodel"
)

var nine = simfleet.DemoSpec(1).Start

// TestCampaignsOfTheHistoryAreNotTold: the demo has two past newsletters, which
// would read like today's twice.
func TestCampaignsOfTheHistoryAreNotTold(t *testing.T) {
	for _, c := range []struct {
		event any
		want  bool
	}{
		{model.CalendarEvent{Start: nine.Add(-7 * 24 * time.Hour), End: nine.Add(-7*24*time.Hour + 2*time.Hour)}, true},
		{model.CalendarEvent{Start: nine.Add(-time.Hour), End: nine}, false},
		{model.CalendarEvent{Start: nine.Add(35 * time.Minute), End: nine.Add(155 * time.Minute)}, false},
		{model.Maintenance{}, false},
		{nil, false},
	} {
		if got := over(c.event, nine); got != c.want {
			t.Errorf("%+v: %v, want %v", c.event, got, c.want)
		}
	}
}

func TestLinesOfEarlierDaysSayWhichOne(t *testing.T) {
	var out bytes.Buffer
	h := &house{out: &out, spec: simfleet.DemoSpec(1)}
	h.tell(readmodel.Line{At: nine.Add(-23 * time.Hour), Kind: "calendar", Text: `campaign "newsletter" from 09:35 to 11:35`})
	h.tell(readmodel.Line{At: nine.Add(61 * time.Second), Kind: "plan", Text: strings.Repeat("é", 300)})
	want := "11 Mar    calendar    campaign \"newsletter\" from 09:35 to 11:35\n" +
		"09:01:01  plan        " + strings.Repeat("é", 199) + "…\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
