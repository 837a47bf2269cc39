package operator

import (
	"strings"
	"testing"

	"drover/internal/web/api"
)

func TestCopiesAreShownWithRateAndTimeLeft(t *testing.T) {
	all := api.Copy{DoneBytes: 1 << 30, TotalBytes: 4 << 30, BytesPerSecond: 64 << 20, SecondsLeft: 48}
	unknown := api.Copy{DoneBytes: 1 << 30, TotalBytes: 4 << 30}
	for _, c := range []struct {
		copied api.Copy
		want   string
	}{{all, "1 GiB of 4 GiB, 64 MiB/s, 48s left"}, {unknown, "1 GiB of 4 GiB"}} {
		if got := copyText(&c.copied); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	e := api.Execution{Copy: &all, Rows: []api.Move{{Replica: "orders-database/0", From: "server-1", To: "server-2", Copy: &all, State: "running", Step: "replicate"}}}
	for _, line := range strings.Split(bars(&e), "\n") {
		if len([]rune(line)) > 80 {
			t.Errorf("%d columns: %s", len([]rune(line)), line)
		}
	}
}
