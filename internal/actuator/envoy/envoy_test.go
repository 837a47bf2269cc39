package envoy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/actuator"
)

// pretend is an Envoy's admin interface that follows the file, or doesn't.
func pretend(t *testing.T, deaf bool) *Proxy {
	t.Helper()
	file := filepath.Join(t.TempDir(), "endpoints.json")
	text, err := NewFile("db", []Endpoint{{Server: "a", Host: "127.0.0.1", Port: 81, Open: true}, {Server: "b", Host: "127.0.0.1", Port: 82}})
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	seen := text
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !deaf {
			seen, _ = os.ReadFile(file)
		}
		var d discovery
		if err := json.Unmarshal(seen, &d); err != nil {
			t.Error(err)
		}
		var hosts []string
		for _, e := range d.Resources[0].Localities[0].Endpoints {
			hosts = append(hosts, fmt.Sprintf(`{"address":{"socket_address":{"address":"127.0.0.1","port_value":%d}},"weight":%d,
				"health_status":{"eds_health_status":%q},"stats":[{"name":"cx_active","value":"3"},{"name":"rq_error"},{"name":"rq_total","value":"70"}]}`,
				e.Endpoint.Address.Socket.Port, e.Weight, e.Health))
		}
		fmt.Fprintf(w, `{"cluster_statuses":[{"name":"db","host_statuses":[%s]}]}`, strings.Join(hosts, ","))
	}))
	t.Cleanup(server.Close)
	return &Proxy{File: file, Admin: server.URL, Timeout: 200e6}
}

func TestAdmissions(t *testing.T) {
	p := pretend(t, false)
	b := actuator.Route{Backend: "db", Server: "b"}
	state, err := p.State(t.Context(), b)
	if err != nil || state.Admission != actuator.Closed || state.Sessions != 3 || state.Requests != 70 || state.Errors != 0 {
		t.Errorf("%+v %v", state, err)
	}
	for _, want := range []actuator.Admission{actuator.Open, actuator.Draining, actuator.Closed} {
		if err := p.Admit(t.Context(), b, want); err != nil {
			t.Fatal(err)
		}
		if state, err := p.State(t.Context(), b); err != nil || state.Admission != want {
			t.Errorf("want %s: %+v %v", want, state, err)
		}
	}
	if err := p.Cut(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(p.File); err != nil || !strings.Contains(string(text), unhealthy) {
		t.Errorf("nothing was cut: %s %v", text, err)
	}
	if err := p.Weight(t.Context(), b, 1); err != nil {
		t.Fatal(err)
	}
	if state, err := p.State(t.Context(), b); err != nil || state.WeightPPM != 10_000 || state.Admission != actuator.Closed {
		t.Errorf("%+v %v", state, err)
	}
}

func TestAnEnvoyThatDoesNotFollowIsAnError(t *testing.T) {
	p := pretend(t, true)
	err := p.Admit(t.Context(), actuator.Route{Backend: "db", Server: "b"}, actuator.Open)
	if err == nil || !strings.Contains(err.Error(), "is asked for") {
		t.Errorf("%v", err)
	}
}

func TestUnknownEndpointsAndFiles(t *testing.T) {
	p := pretend(t, false)
	for _, r := range []actuator.Route{{Backend: "db", Server: "c"}, {Backend: "web", Server: "a"}} {
		if _, err := p.State(t.Context(), r); err == nil || !strings.Contains(err.Error(), "add it") {
			t.Errorf("%v: %v", r, err)
		}
	}
	if err := os.WriteFile(p.File, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := p.State(t.Context(), actuator.Route{Backend: "db", Server: "a"}); err == nil {
		t.Error("a torn file is read")
	}
	p.File = "/no/such/file"
	if _, err := p.State(t.Context(), actuator.Route{Backend: "db", Server: "a"}); err == nil {
		t.Error("a file that isn't there is read")
	}
}
