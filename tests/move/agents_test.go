package move_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/build"
	"drover/internal/cli/agent"
	"drover/internal/model"
	"drover/tests/authority"
	"drover/tests/move"
)

// hosts is two hosts with an agent each, as `drover agent` runs them. Each knows
// only its own host's folders.
type hosts struct {
	t      *testing.T
	files  map[string]string // the agents' certificates
	folder string
	public string
	urls   map[string]string
	site   *move.PostgresSite
}

// newHosts starts the agents and returns the driver that asks them.
func newHosts(t *testing.T, site *move.PostgresSite) (*hosts, actuator.Driver) {
	id := authority.New(t).Issue("all")
	h := &hosts{t: t, site: site, folder: t.TempDir(), urls: map[string]string{},
		files: map[string]string{"certificate": id.Cert, "key": id.Key, "authority": id.CA}}
	key := filepath.Join(h.folder, "executor.key")
	var public strings.Builder
	command := agent.Command()
	command.SetArgs([]string{"key", "--out", key})
	command.SetOut(&public)
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.public = strings.TrimSpace(public.String())
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() { stop(); running.Wait() })
	agents := map[string]any{}
	for _, host := range []string{"a", "b"} {
		config := h.configure(host)
		running.Go(func() {
			command := agent.Command()
			command.SetArgs([]string{"--config", config})
			if err := command.ExecuteContext(ctx); err != nil {
				t.Errorf("agent of %s: %v", host, err)
			}
		})
		agents[host] = map[string]string{"url": h.urls[host]}
	}
	drivers := h.write("executor.json", map[string]any{"default": "hosts", "drivers": map[string]any{"hosts": map[string]any{
		"kind": "agent", "key": key, "tls": h.files, "agents": agents}}})
	config, err := build.Read(drivers)
	if err != nil {
		t.Fatal(err)
	}
	set, _, err := build.Set(&config)
	if err != nil {
		t.Fatal(err)
	}
	return h, set
}

// configure writes an agent's files and returns the path of the first.
func (h *hosts) configure(host string) string {
	port, err := move.FreePort("127.0.0.1")
	if err != nil {
		h.t.Fatal(err)
	}
	listen := "127.0.0.1:" + port
	h.urls[host] = "https://" + listen
	drivers := h.site.Drivers()
	drivers.Host = host
	places := drivers.Drivers["postgres"].Places["db/0"]
	for server, p := range places {
		p.Host = string(server)
		if p.Host != host {
			p.Folder = "/no/such/folder/here"
		}
		places[server] = p
	}
	return h.write(host+".json", map[string]any{
		"host": host, "listen": listen, "tls": h.files, "keys": []string{h.public}, "allow": actuator.MoveSteps(), // no updates
		"journal": filepath.Join(h.folder, host+".journal"), "audit": h.audit(host), "drivers": h.write(host+"-drivers.json", drivers),
	})
}

func (h *hosts) audit(host string) string { return filepath.Join(h.folder, host+".audit") }

func (h *hosts) write(name string, value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		h.t.Fatal(err)
	}
	path := filepath.Join(h.folder, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// audited counts what a host's audit log says about a kind of step, carried out
// and refused.
func (h *hosts) audited(host string, kind model.StepKind) (done, refused int) {
	text, err := os.ReadFile(h.audit(host))
	if err != nil {
		h.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var entry struct {
			Method, Key, Peer string
			OK                bool
			Status            int
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			h.t.Fatalf("%s: %v", line, err)
		}
		switch {
		case entry.Method != "perform" || !strings.HasSuffix(entry.Key, "/"+string(kind)):
		case entry.OK && entry.Peer == "all":
			done++
		case entry.Status == 403:
			refused++
		}
	}
	return done, refused
}

// TestPostgresMovesBetweenHostsByAgents moves a PostgreSQL there and back under
// writes, once with a failure after the cut-over: the hosts' agents do it all, each
// on its own host.
func TestPostgresMovesBetweenHostsByAgents(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: -short")
	}
	t.Parallel()
	needPostgres(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	site, err := move.NewPostgresSite(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	h, driver := newHosts(t, site)
	load := &move.Load{Dial: site.Dial, Every: 2 * time.Millisecond}
	load.Start(ctx, 4)
	defer load.Stop()
	for n, c := range []struct {
		fails model.StepKind
		want  model.PlanState
	}{{"", model.PlanSucceeded}, {model.StepWatch, model.PlanRolledBack}, {"", model.PlanSucceeded}} {
		from, err := site.Serving(ctx)
		if err != nil {
			t.Fatal(err)
		}
		fault := &move.Fault{Kind: move.FaultNone}
		if c.fails != "" {
			fault = &move.Fault{Kind: move.FaultError, Step: c.fails}
		}
		config := move.QuickConfig()
		config.DefaultDeadline = 60 * time.Second
		e := move.NewExecutor(config, func() actuator.Driver { return fault.Before(driver) })
		state, err := e.Run(ctx, move.Plan(fmt.Sprintf("h%d", n), from, move.Other(from)))
		want := move.Other(from)
		if c.fails != "" {
			want = from
		}
		served, wrong := site.Serving(ctx)
		if err != nil || wrong != nil || state != c.want || served != want {
			for _, s := range e.Log {
				t.Logf("%s %s %s", s.ID, s.Phase, s.Reason)
			}
			t.Fatalf("plan %d ended %s, %q serves (%v, %v)", n, state, served, err, wrong)
		}
	}
	acked := load.Stop()
	if lost, err := site.Lost(ctx, acked); err != nil || lost > 0 || load.Acked() == 0 {
		t.Errorf("%d of %d acknowledged writes are lost (%v)", lost, load.Acked(), err)
	}
	t.Logf("0 of %d acknowledged writes lost", load.Acked())
	// Plan 0 went a to b, plan 1 b to a and back, plan 2 b to a.
	for host, want := range map[string]int{"b": 1, "a": 2} {
		if done, _ := h.audited(host, model.StepCutOver); done != want {
			t.Errorf("%s cut over %d times by its audit log, want %d", host, done, want)
		}
	}
	if done, _ := h.audited("b", model.StepReverseCutOver); done != 1 {
		t.Errorf("b took back %d times", done)
	}
	update := actuator.Command{UpdateServer: "a", Step: model.Step{ID: model.NewStepID("u", model.PlanMove, model.LegForward, 1, model.StepUpdate),
		Plan: "u", MoveIndex: model.PlanMove, Kind: model.StepUpdate}}
	if err := driver.Perform(ctx, update); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a step that isn't on the list: %v", err)
	}
	if _, refused := h.audited("a", model.StepUpdate); refused != 1 {
		t.Errorf("%d refusals in the audit log", refused)
	}
}
