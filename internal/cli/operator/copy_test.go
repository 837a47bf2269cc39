package operator

import (
	"strings"
	"testing"

	"drover/internal/web/api"
)

func TestCopiesAreShownWithRateAndTimeLeft(t *testing.T) {
	c := api.Copy{DoneBytes: 1 << 30, TotalBytes: 4 << 30, BytesPerSecond: 64 << 20, SecondsLeft: 48}
	for name, want := range map[string]string{"all": "1 GiB of 4 GiB, 64 MiB/s, 48s left", "no rate": "1 GiB of 4 GiB"} {
		if name == "no rate" {
			c.BytesPerSecond, c.SecondsLeft = 0, 0
		}
		if got := copyText(&c); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	e := api.Execution{Copy: &c, Rows: []api.Move{{Replica: "orders-database/0", From: "server-1", To: "server-2", Copy: &c, State: "running", Step: "replicate"}}}
	for _, line := range strings.Split(bars(&e), "\n") {
		if len([]rune(line)) > 80 {
			t.Errorf("%d columns: %s", len([]rune(line)), line)
		}
	}
}
