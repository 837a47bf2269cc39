package build_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/actuator"
	"drover/internal/actuator/build"
	"drover/internal/model"
)

// write puts a configuration into a file.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "drivers.json")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "STATE", t.TempDir())), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const all = `{
  "state": "STATE", "proxies": {"edge": "unix:/no/such/socket"}, "default": "redis",
  "drivers": {
    "redis": {"kind": "redis", "proxy": "edge", "pause": "1s",
      "places": {"db/0": {"a": {"backend": "db", "server": "a", "address": "127.0.0.1:1"}, "b": {"backend": "db", "server": "b", "address": "127.0.0.1:2"}}}},
    "pg": {"kind": "postgres", "proxy": "edge", "places": {"db/0": {"a": {"folder": "/none", "password_file": "/no/such/file"}}}},
    "files": {"kind": "files", "proxy": "edge", "places": {"db/0": {"a": {}, "b": {}}}},
    "web": {"kind": "process", "proxy": "edge", "places": {"db/0": {"a": {}, "b": {}}}},
    "box": {"kind": "containerd", "proxy": "edge", "containerd": {"address": "/no/such/containerd"},
      "places": {"db/0": {"a": {"image": "web:1"}, "b": {"image": "web:1"}}, "db/1": {"a": {}, "b": {}}}},
    "vm": {"kind": "qemu", "stuck": "20s", "places": {"db/0": {"a": {"address": "unix:/no/such/monitor", "incoming": "tcp:192.0.2.1:4444"}, "b": {}}}},
    "own": {"kind": "exec", "argv": ["true"]},
    "hook": {"kind": "webhook", "url": "http://127.0.0.1:1/"},
    "update": {"kind": "update", "hooks": {"reboot": {"argv": ["true"]}}}
  }
}`

func TestEveryKindIsBuilt(t *testing.T) {
	c, err := build.Read(write(t, all))
	if err != nil {
		t.Fatal(err)
	}
	set, supervisor, err := build.Set(&c)
	if err != nil || len(set.Drivers) != 9 || supervisor == nil {
		t.Fatalf("%+v, %v", set, err)
	}
	for name, why := range map[string]string{
		"": "/no/such/socket", "redis": "/no/such/socket", "pg": "password", "files": "/no/such/socket", "web": "/no/such/socket",
		"box": "/no/such/socket", "vm": "want address", "own": "isn't JSON", "hook": "connect", "none": "isn't configured",
	} {
		m := model.Move{Replica: "db/0", From: "a", To: "b", Driver: name}
		err := set.Perform(t.Context(), actuator.Command{Step: model.Step{Kind: model.StepAdmit}, Move: m})
		if err == nil || !strings.Contains(err.Error(), why) && name != "redis" && name != "" {
			t.Errorf("%q: %v", name, err)
		}
	}
	m := model.Move{Replica: "db/9", From: "a", To: "b", Driver: "web"}
	if err := set.Perform(t.Context(), actuator.Command{Step: model.Step{Kind: model.StepAdmit}, Move: m}); err == nil || !strings.Contains(err.Error(), "no place") {
		t.Errorf("a replica that isn't there: %v", err)
	}
	m = model.Move{Replica: "db/1", From: "a", To: "b", Driver: "box"}
	if err := set.Perform(t.Context(), actuator.Command{Step: model.Step{Kind: model.StepAdmit}, Move: m}); err == nil || !strings.Contains(err.Error(), "image is missing") {
		t.Errorf("a container of nothing: %v", err)
	}
	// What a driver doesn't do is done.
	m.Driver = "update"
	if err := set.Perform(t.Context(), actuator.Command{Step: model.Step{Kind: model.StepAdmit}, Move: m}); err != nil {
		t.Errorf("admit by the update driver: %v", err)
	}
}

func TestBadConfigurations(t *testing.T) {
	for text, why := range map[string]string{
		`{"drivers": {"x": {"kind": "magic", "proxy": "p"}}, "proxies": {"p": "h:1"}, "state": "STATE"}`: "magic",
		`{"drivers": {"x": {"kind": "redis", "proxy": "p"}}}`:                                            "no proxy",
		`{"drivers": {"x": {"kind": "redis", "proxy": "p"}}, "proxies": {"p": "h:1"}}`:                   "state",
		`{"drivers": {"x": {"kind": "containerd"}}}`:                                                     "no proxy",
		`{"drivers": {"x": {"kind": "kubernetes"}}}`:                                                     "kubeconfig",
		`{"drivers": {"x": {"kind": "kubernetes", "kubeconfig": "/no/such/file"}}}`:                      "/no/such/file",
		`{"drivers": {"x": {"kind": "qemu"}}}`:                                                           "state",
		`{"drivers": {"x": {"kind": "exec"}}}`:                                                           "argv",
		`{"default": "y"}`:                                                                               "default",
		`{"drivers": {"x": {"kind": "redis", "pause": "soon"}}}`:                                         "soon",
		`{"drivres": {}}`: "drivres",
		`nonsense`:        "invalid",
	} {
		c, err := build.Read(write(t, text))
		if err == nil {
			_, _, err = build.Set(&c)
		}
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := build.Read("/no/such/file"); err == nil {
		t.Error("a file that isn't there is read")
	}
}
