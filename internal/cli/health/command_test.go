package health

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"drover/internal/cli"
)

// health runs the command.
func health(args ...string) (string, error) {
	c := Command()
	var out bytes.Buffer
	c.SilenceUsage, c.SilenceErrors = true, true
	c.SetOut(&out)
	c.SetArgs(args)
	err := c.Execute()
	return out.String(), err
}

// page answers as a service's /readyz does.
func page(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})
}

func TestHealth(t *testing.T) {
	cases := map[string]struct {
		status    int
		body      string
		secure    bool
		out, fail string
	}{
		"ready":       {status: 200, body: `{"redis":"ok","kafka":"ok"}`, out: "ready: kafka ok, redis ok\n"},
		"behind TLS":  {status: 200, body: `{"kafka":"ok"}`, secure: true, out: "ready: kafka ok\n"},
		"not ready":   {status: 503, body: `{"kafka":"no broker","redis":"ok"}`, fail: "not ready: kafka no broker, redis ok"},
		"another one": {status: 200, body: "<html>", fail: "does not answer as Drover does"},
		"bad request": {status: 400, body: "{}", fail: "not ready"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(page(c.status, c.body))
			if server.Start(); c.secure {
				server.Close()
				server = httptest.NewTLSServer(page(c.status, c.body))
			}
			defer server.Close()
			out, err := health("--listen", server.Listener.Addr().String())
			if out != c.out || (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
				t.Errorf("%q, %v", out, err)
			}
			if err != nil && cli.ExitCode(err) != 1 {
				t.Errorf("exit code %d, want 1", cli.ExitCode(err))
			}
		})
	}
}

// TestHealthGoesByTheProgramsOwnSettings: a container's check has the variables
// of the program.
func TestHealthGoesByTheProgramsOwnSettings(t *testing.T) {
	server := httptest.NewServer(page(200, `{"kafka":"ok"}`))
	defer server.Close()
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	t.Setenv("DROVER_LISTEN", "0.0.0.0:"+port)
	if out, err := health(); err != nil || out != "ready: kafka ok\n" {
		t.Errorf("%q, %v", out, err)
	}
	server.Close()
	if _, err := health(); err == nil || !strings.Contains(err.Error(), "does it run") {
		t.Errorf("of a program that has ended: %v", err)
	}
}

func TestHealthWaits(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusServiceUnavailable
		if asked.Add(1) > 2 {
			status = http.StatusOK
		}
		page(status, `{"kafka":"as it is"}`).ServeHTTP(w, r)
	}))
	defer server.Close()
	out, err := health("--listen", server.Listener.Addr().String(), "--wait", "5m")
	if err != nil || out != "ready: kafka as it is\n" || asked.Load() != 3 {
		t.Errorf("%q, %v after %d questions", out, err, asked.Load())
	}
}

func TestLoopback(t *testing.T) {
	for listen, want := range map[string]string{
		":8080": "127.0.0.1:8080", "0.0.0.0:1": "127.0.0.1:1", "[::]:1": "127.0.0.1:1", "10.1.2.3:4": "10.1.2.3:4",
		"here": "", "127.0.0.1:0": "",
	} {
		got, err := loopback(listen)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", listen, got, err, want)
		}
	}
	if _, err := health("--listen", "here"); cli.ExitCode(err) != 2 {
		t.Errorf("an address that is none: %v, want wrong usage", err)
	}
}
