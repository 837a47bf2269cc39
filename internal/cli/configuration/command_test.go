package configuration

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"drover/internal/cli"
	"drover/internal/config"
)

func execute(t *testing.T, args ...string) (string, error) {
	t.Helper()
	c := Command()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(args)
	c.SilenceErrors, c.SilenceUsage = true, true
	err := c.Execute()
	return out.String(), err
}

func TestKeysListsEveryKey(t *testing.T) {
	out, err := execute(t, "keys")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range config.Keys() {
		if !strings.Contains(out, k.Name) || !strings.Contains(out, k.Variable()) || !strings.Contains(out, "--"+k.Flag) {
			t.Errorf("%s is not listed with its flag and variable", k.Name)
		}
	}
}

func TestShowHidesSecrets(t *testing.T) {
	t.Setenv("DROVER_KAFKA_PASSWORD", "hunter2")
	t.Setenv("DROVER_KAFKA_PREFIX", "mine.")
	out, err := execute(t, "show", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var list []config.Shown
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out, "hunter2") || !strings.Contains(out, "mine.") {
		t.Errorf("shown: %s", out)
	}
}

func TestUnknownOutputIsWrongUsage(t *testing.T) {
	if _, err := execute(t, "keys", "-o", "xml"); cli.ExitCode(err) != 2 {
		t.Errorf("error %v has exit code %d, want 2", err, cli.ExitCode(err))
	}
}
