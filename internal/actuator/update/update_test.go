package update_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/update"
	"drover/internal/model"
)

func command(hook string) actuator.Command {
	return actuator.Command{
		Step:         model.Step{ID: "p/-1/f/1/update", Plan: "p", MoveIndex: model.PlanMove, Kind: model.StepUpdate},
		UpdateServer: "s7", UpdateHook: hook,
	}
}

func TestHooks(t *testing.T) {
	var asked []string
	health := 2 // so many looks until it is in service again
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Idempotency-Key"))
		if r.Method == http.MethodGet {
			if health--; health > 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	note := filepath.Join(t.TempDir(), "note")
	d := &update.Driver{Every: time.Millisecond, Hooks: map[string]update.Hook{
		"program": {Argv: []string{"sh", "-c", `echo "$1 $DROVER_SERVER $DROVER_KEY" >` + note, "sh", "{server}"}},
		"url":     {URL: server.URL + "/update/{server}", Health: server.URL + "/health/{server}"},
		"fails":   {Argv: []string{"sh", "-c", "echo no such kernel; exit 3"}},
		"broken":  {URL: server.URL + "/broken"},
		"neither": {},
		"sick":    {Argv: []string{"true"}, Health: server.URL + "/broken"},
		"hangs":   {Argv: []string{"sleep", "60"}},
	}}
	for _, hook := range []string{"program", "url"} {
		if err := d.Perform(t.Context(), command(hook)); err != nil {
			t.Errorf("%s: %v", hook, err)
		}
	}
	if text, err := os.ReadFile(note); err != nil || string(text) != "s7 s7 p/-1/f/1/update\n" {
		t.Errorf("the program was told %q, %v", text, err)
	}
	want := "POST /update/s7 p/-1/f/1/update|GET /health/s7 p/-1/f/1/update|GET /health/s7 p/-1/f/1/update"
	if got := strings.Join(asked, "|"); got != want {
		t.Errorf("asked %s", got)
	}
	for hook, why := range map[string]string{
		"fails": "no such kernel", "broken": "500", "neither": "either", "sick": "500", "none": "there is no hook",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := d.Perform(ctx, command(hook))
		cancel()
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", hook, err)
		}
	}
	short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if err := d.Perform(short, command("hangs")); err == nil {
		t.Error("a hook outlives its deadline")
	}
	other := command("program")
	other.Step.Kind = model.StepAdmit
	if err := d.Perform(t.Context(), other); !errors.Is(err, actuator.ErrUnsupported) {
		t.Errorf("another step: %v", err)
	}
	if s, err := d.Status(t.Context(), other); err != nil || s.State != actuator.Unknown || len(d.Capabilities().Steps) != 1 {
		t.Errorf("status %+v, %v", s, err)
	}
}
