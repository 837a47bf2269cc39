package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// execute runs `drover agent` with arguments.
func execute(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	command := Command()
	command.SetArgs(args)
	command.SetOut(&out)
	command.SetErr(&out)
	command.SilenceErrors, command.SilenceUsage = true, true
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // an agent that starts ends at once
	err := command.ExecuteContext(ctx)
	return out.String(), err
}

func TestKeysAreMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	public, err := execute(t, "key", "--out", path)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := publicKeys([]string{strings.TrimSpace(public)}); err != nil || len(keys) != 1 {
		t.Errorf("what is printed isn't a key: %q, %v", public, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key: %v, %v", info, err)
	}
	if _, err := execute(t, "key", "--out", path); err == nil {
		t.Error("a key is written over")
	}
	if _, err := publicKeys([]string{"AAAA"}); err == nil {
		t.Error("half a key is taken")
	}
}

func TestConfigurationErrors(t *testing.T) {
	folder := t.TempDir()
	drivers := filepath.Join(folder, "drivers.json")
	if err := os.WriteFile(drivers, []byte(`{"drivers": {"x": {"kind": "exec", "argv": ["true"]}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	good := settings{
		Host: "h", Listen: "127.0.0.1:0", Journal: filepath.Join(folder, "journal"), Audit: filepath.Join(folder, "audit"), Drivers: drivers,
		Keys: []string{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
	}
	for why, change := range map[string]func(*settings){
		"audit log":   func(s *settings) { s.Audit = filepath.Join(drivers, "audit") },
		"journal":     func(s *settings) { s.Journal = filepath.Join(drivers, "journal") },
		"drivers":     func(s *settings) { s.Drivers = "/no/such/file" },
		"key 1":       func(s *settings) { s.Keys = []string{"nonsense"} },
		"no name":     func(s *settings) { s.Host = "" },
		"certificate": func(*settings) {},
	} {
		s := good
		change(&s)
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "agent.json")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := execute(t, "--config", path); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if _, err := execute(t, "--config", "/no/such/file"); err == nil {
		t.Error("a file that isn't there is read")
	}
}
