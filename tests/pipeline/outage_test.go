package pipeline

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"drover/tests/child"
	"drover/tests/stream/servers"
)

// get returns the status and the body of a page, 0 where nobody answers.
func get(url string) (int, string) {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(text)
}

// TestADeadServerStopsProgressNotTheProcess ends Redis and then the broker under a
// running forecaster: it lives, says on /readyz what is missing, and goes on when
// the server is back.
func TestADeadServerStopsProgressNotTheProcess(t *testing.T) {
	s := servers.Start(t, 1)
	where := []string{"--brokers", s.Brokers[0], "--redis", s.Redis, "--prefix", "outage."}
	run(t, patience, "drover", "topics", "apply", "--brokers", s.Brokers[0], "--prefix", "outage.")
	address := child.FreeAddress(t)
	base := "http://" + address
	p := start(t, "forecaster", append([]string{"--listen", address, "--save-every", "200ms"}, where...)...)
	ready := func() bool { status, _ := get(base + "/readyz"); return status == http.StatusOK }
	missing := func(what string) func() bool {
		return func() bool {
			status, said := get(base + "/readyz")
			return status == http.StatusServiceUnavailable && strings.Contains(said, what)
		}
	}
	until(t, p, "it is ready", ready)
	for _, outage := range []struct {
		what string
		kill func() error
	}{{"redis", s.KillRedis}, {"kafka", func() error { return s.KillBroker(1) }}} {
		if err := outage.kill(); err != nil {
			t.Fatal(err)
		}
		until(t, p, "it says that "+outage.what+" is missing", missing(outage.what))
		figure := `drover_dependency_up{on="` + outage.what + `"} `
		until(t, p, "its figures say so", says(base, figure+"0"))
		if err := s.Up(); err != nil {
			t.Fatal(err)
		}
		until(t, p, "it is ready again", ready)
		until(t, p, "its figures say so", says(base, figure+"1"))
	}
}

// says tells whether a service's figures have a line.
func says(base, line string) func() bool {
	return func() bool { _, figures := get(base + "/metrics"); return strings.Contains(figures, line) }
}

// until waits for something while the process lives.
func until(t *testing.T, p *child.Process, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		switch {
		case done():
			return
		case !p.Alive():
			t.Fatalf("%s ended instead: %v", p.Name, p.Err())
		case time.Now().After(deadline):
			t.Fatalf("%s: not within three minutes", what)
		}
	}
}
