package move_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/agent"
	"drover/internal/actuator/build"
	"drover/internal/actuator/guard"
	"drover/internal/cli/driver"
	"drover/internal/model"
	"drover/tests/authority"
	"drover/tests/containers"
	"drover/tests/leaveout"
	"drover/tests/move"
)

// containerSite opens a site of containers, or leaves the test out.
func containerSite(t *testing.T) *move.ContainerdSite {
	t.Helper()
	leaveout.Missing(t, append(containers.Missing(), move.Missing("haproxy", "ip")...)...)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s, err := move.NewContainerdSite(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// write puts something into a file of JSON.
func write(t *testing.T, name string, value any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	text, err := json.Marshal(value)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestContainersConform checks the driver as an executor's file makes it, by the
// command that people have.
func TestContainersConform(t *testing.T) {
	s := containerSite(t)
	file := write(t, "drivers.json", s.Drivers(""))
	var out bytes.Buffer
	command := driver.Command()
	command.SetArgs([]string{"test", "--drivers", file, "--replica", "db/0", "--from", "a", "--to", "b"})
	command.SetOut(&out)
	command.SetErr(&out)
	err := command.ExecuteContext(t.Context())
	t.Logf("%s", out.String())
	if err != nil || strings.Count(out.String(), "kept") != 9 {
		t.Error(err)
	}
}

// hostAgent serves one host's agent and returns its URL.
func hostAgent(t *testing.T, s *move.ContainerdSite, host string, key ed25519.PublicKey, files agent.Files) string {
	t.Helper()
	config, err := build.Read(write(t, "drivers.json", s.Drivers(host)))
	if err != nil {
		t.Fatal(err)
	}
	set, _, err := build.Set(&config)
	if err != nil {
		t.Fatal(err)
	}
	allowed := slices.DeleteFunc(actuator.MoveSteps(), func(k model.StepKind) bool { return k == model.StepDiscardReplica })
	a, err := agent.New(agent.Config{Host: host, Keys: []ed25519.PublicKey{key}, Allow: allowed, Replicas: []model.ReplicaID{"db/0"},
		Driver: guard.New(set, guard.NewMemory(), 0), Audit: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(a)
	if server.TLS, err = files.Server(); err != nil {
		t.Fatal(err)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// TestContainersMoveByAgents moves a container by the agents of its two hosts,
// each of which starts and stops what is on its own.
func TestContainersMoveByAgents(t *testing.T) {
	s := containerSite(t)
	id := authority.New(t).Issue("all")
	files := agent.Files{Certificate: id.Cert, Key: id.Key, Authority: id.CA}
	seed := bytes.Repeat([]byte{7}, ed25519.SeedSize)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(base64.StdEncoding.EncodeToString(seed)), 0o600); err != nil {
		t.Fatal(err)
	}
	agents := map[model.ServerID]build.Agent{}
	for _, host := range []string{"a", "b"} {
		public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
		agents[model.ServerID(host)] = build.Agent{URL: hostAgent(t, s, host, public, files)}
	}
	set, _, err := build.Set(&build.Config{Default: "hosts", Drivers: map[string]build.Driver{
		"hosts": {Kind: "agent", Key: key, TLS: &files, Agents: agents}}})
	if err != nil {
		t.Fatal(err)
	}
	config := move.QuickConfig()
	config.DefaultDeadline = time.Minute
	state, err := move.NewExecutor(config, func() actuator.Driver { return set }).Run(t.Context(), move.Plan("p", "a", "b"))
	if err != nil || state != model.PlanSucceeded {
		t.Fatalf("the plan is %s, %v", state, err)
	}
	for server, want := range map[model.ServerID]bool{"a": false, "b": true} {
		if runs, err := s.Running(t.Context(), server); err != nil || runs != want {
			t.Errorf("on %s: %v, %v", server, runs, err)
		}
	}
	refused := actuator.Command{Move: model.Move{Replica: "db/0", From: "b", To: "a"},
		Step: model.Step{ID: model.NewStepID("q", 0, model.LegForward, 1, model.StepDiscardReplica), Plan: "q", Kind: model.StepDiscardReplica, Epoch: 9}}
	if err := set.Perform(t.Context(), refused); err == nil || !strings.Contains(err.Error(), "allowed") {
		t.Errorf("a step that isn't on the list: %v", err)
	}
	refused.Step.Kind, refused.Move.Replica = model.StepProvision, "db/1"
	if err := set.Perform(t.Context(), refused); err == nil {
		t.Error("a replica that isn't on the list is started")
	}
}
