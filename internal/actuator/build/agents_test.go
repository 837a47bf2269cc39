package build_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drover/internal/actuator"
	"drover/internal/actuator/agent"
	"drover/internal/actuator/build"
	"drover/internal/actuator/guard"
	"drover/internal/model"
	"drover/tests/authority"
)

// doer is a driver that remembers what it was told to do.
type doer struct{ did []string }

func (*doer) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: "doer", Steps: actuator.MoveSteps()}
}

func (d *doer) Perform(_ context.Context, c actuator.Command) error {
	d.did = append(d.did, string(c.Step.Kind))
	return nil
}

func (*doer) Status(context.Context, actuator.Command) (actuator.Status, error) {
	return actuator.Status{State: actuator.Unknown}, nil
}

func TestCommandsGoToTheServersAgents(t *testing.T) {
	folder := t.TempDir()
	id := authority.New(t).Issue("all")
	files := agent.Files{Certificate: id.Cert, Key: id.Key, Authority: id.CA}
	seed := bytes.Repeat([]byte{7}, ed25519.SeedSize)
	key := filepath.Join(folder, "executor.key")
	if err := os.WriteFile(key, []byte(base64.StdEncoding.EncodeToString(seed)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	urls, did := map[string]string{}, map[string]*doer{}
	for _, host := range []string{"s1", "s2"} {
		did[host] = &doer{}
		a, err := agent.New(agent.Config{Host: host, Keys: []ed25519.PublicKey{ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)},
			Allow: actuator.MoveSteps(), Driver: guard.New(did[host], guard.NewMemory(), 0), Audit: &bytes.Buffer{}})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(a)
		if server.TLS, err = files.Server(); err != nil {
			t.Fatal(err)
		}
		server.StartTLS()
		t.Cleanup(server.Close)
		urls[host] = server.URL
	}
	text := fmt.Sprintf(`{"default": "hosts", "drivers": {"hosts": {"kind": "agent", "key": %q,
		"tls": {"certificate": %q, "key": %q, "authority": %q}, "agents": {"s1": {"url": %q}, "s2": {"url": %q}}}}}`,
		key, files.Certificate, files.Key, files.Authority, urls["s1"], urls["s2"])
	config, err := build.Read(write(t, text))
	if err != nil {
		t.Fatal(err)
	}
	set, _, err := build.Set(&config)
	if err != nil {
		t.Fatal(err)
	}
	if c := set.Drivers["hosts"].Capabilities(); !c.Fences || !c.Remembers {
		t.Errorf("%+v", c)
	}
	command := func(sequence int, kind model.StepKind) actuator.Command {
		return actuator.Command{Step: model.Step{ID: model.NewStepID("p", 0, model.LegForward, sequence, kind), Plan: "p", Kind: kind, Epoch: 1},
			Move: model.Move{Replica: "web/0", From: "s1", To: "s2"}}
	}
	for n, kind := range []model.StepKind{model.StepProvision, model.StepCutOver, model.StepRetire} {
		c := command(n+1, kind)
		if err := set.Perform(t.Context(), c); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if s, err := set.Status(t.Context(), c); err != nil || s.State != actuator.Done {
			t.Errorf("%s: %+v %v", kind, s, err)
		}
	}
	if got := fmt.Sprint(did["s1"].did, did["s2"].did); got != "[retire] [provision cut-over]" {
		t.Errorf("performed %s", got)
	}
	elsewhere := command(4, model.StepProvision)
	elsewhere.Move.To = "s3"
	if err := set.Perform(t.Context(), elsewhere); err == nil || !strings.Contains(err.Error(), "no agent") {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{strings.Replace(text, `"key": "`+key, `"key": "/no/such`, 1), strings.Replace(text, `"agents"`, `"places"`, 1)} {
		if config, err = build.Read(write(t, bad)); err == nil {
			_, _, err = build.Set(&config)
		}
		if err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
