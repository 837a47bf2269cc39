package agent_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/agent"
	"drover/internal/actuator/guard"
	"drover/internal/actuator/webhook"
	"drover/internal/model"
	"drover/tests/authority"
)

// idle is a driver that does nothing well.
type idle struct{}

func (idle) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: "idle", Steps: actuator.MoveSteps()}
}
func (idle) Perform(context.Context, actuator.Command) error { return nil }
func (idle) Status(context.Context, actuator.Command) (actuator.Status, error) {
	return actuator.Status{State: actuator.Unknown}, nil
}

func command(sequence int, epoch int64, kind model.StepKind) actuator.Command {
	return actuator.Command{
		Step: model.Step{ID: model.NewStepID("p", 0, model.LegForward, sequence, kind), Plan: "p", Kind: kind, Epoch: epoch},
		Move: model.Move{Replica: "web/0", From: "a", To: "b"},
	}
}

// zombieVariable makes the test's program an executor of epoch 1 that gives
// commands to the agent at its value until it is refused.
const zombieVariable = "DROVER_TEST_ZOMBIE"

// seed makes the executors' key the same in both processes.
var seed = bytes.Repeat([]byte{7}, ed25519.SeedSize)

func client(url string) actuator.Driver {
	return webhook.New(webhook.Endpoint{URL: url, Sign: agent.Signer("h1", ed25519.NewKeyFromSeed(seed), time.Now)})
}

func TestMain(m *testing.M) {
	url := os.Getenv(zombieVariable)
	if url == "" {
		os.Exit(m.Run())
	}
	d := client(url)
	for n := 1; ; n++ {
		switch err := d.Perform(context.Background(), command(n, 1, model.StepProvision)); {
		case errors.Is(err, actuator.ErrStale):
			fmt.Println("refused")
			os.Exit(0)
		case err != nil:
			fmt.Println(err)
			os.Exit(1)
		}
		if n == 1 {
			fmt.Println("begun")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// serve starts an agent and returns its URL and its audit log.
func serve(t *testing.T, change func(*agent.Config)) (string, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	config := agent.Config{
		Host: "h1", Keys: []ed25519.PublicKey{ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)},
		Allow: []model.StepKind{model.StepProvision}, Driver: guard.New(idle{}, guard.NewMemory(), 0), Audit: &log,
	}
	if change != nil {
		change(&config)
	}
	a, err := agent.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return server.URL, &log
}

func TestAnAgentPerformsWhatItAllows(t *testing.T) {
	url, log := serve(t, func(c *agent.Config) { c.Replicas = []model.ReplicaID{"web/0"} })
	d := client(url)
	if err := d.Perform(t.Context(), command(1, 1, model.StepProvision)); err != nil {
		t.Fatal(err)
	}
	if s, err := d.Status(t.Context(), command(1, 1, model.StepProvision)); err != nil || s.State != actuator.Done {
		t.Errorf("status %+v, %v", s, err)
	}
	if err := d.Perform(t.Context(), command(2, 1, model.StepRetire)); err == nil || !strings.Contains(err.Error(), "isn't allowed") {
		t.Errorf("a step that isn't allowed: %v", err)
	}
	other := command(3, 1, model.StepProvision)
	other.Move.Replica = "db/0"
	if err := d.Perform(t.Context(), other); err == nil || !strings.Contains(err.Error(), "isn't allowed") {
		t.Errorf("a replica that isn't allowed: %v", err)
	}
	if lines := strings.Split(strings.TrimSpace(log.String()), "\n"); len(lines) != 4 || !strings.Contains(lines[0], `"key":"p/0/f/1/provision"`) ||
		!strings.Contains(lines[2], `"status":403`) {
		t.Errorf("audit log:\n%s", log)
	}
}

func TestAnAgentRefusesStrangers(t *testing.T) {
	url, _ := serve(t, nil)
	key := ed25519.NewKeyFromSeed(seed)
	stranger := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, ed25519.SeedSize))
	for name, sign := range map[string]func(http.Header, []byte){
		"another key":   agent.Signer("h1", stranger, time.Now),
		"another host":  agent.Signer("h2", key, time.Now),
		"an old one":    agent.Signer("h1", key, func() time.Time { return time.Now().Add(-time.Hour) }),
		"no signature":  nil,
		"another body":  func(h http.Header, _ []byte) { agent.Signer("h1", key, time.Now)(h, []byte("{}")) },
		"broken base64": func(h http.Header, b []byte) { agent.Signer("h1", key, time.Now)(h, b); h.Set("Drover-Signature", "!") },
	} {
		err := webhook.New(webhook.Endpoint{URL: url, Sign: sign}).Perform(t.Context(), command(1, 1, model.StepProvision))
		if err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if response, err := http.Get(url); err != nil || response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %v", err)
	}
}

func TestAgentConfigurations(t *testing.T) {
	for name, c := range map[string]agent.Config{
		"no host": {Keys: []ed25519.PublicKey{nil}}, "no key": {Host: "h"}, "no driver": {Host: "h", Keys: []ed25519.PublicKey{nil}},
	} {
		if _, err := agent.New(c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestAZombieIsRefused stops an executor, lets another one take over, and wakes
// the first one up.
func TestAZombieIsRefused(t *testing.T) {
	url, _ := serve(t, nil)
	zombie := exec.Command(os.Args[0])
	zombie.Env = append(os.Environ(), zombieVariable+"="+url)
	output, err := zombie.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = zombie.Process.Kill() })
	said := make([]byte, 6)
	if _, err := output.Read(said); err != nil || string(said) != "begun\n" {
		t.Fatalf("%q %v", said, err)
	}
	if err := zombie.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := client(url).Status(t.Context(), command(1, 2, model.StepProvision)); err != nil { // the take-over
		t.Fatal(err)
	}
	if err := zombie.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	rest := make([]byte, 100)
	n, _ := output.Read(rest)
	if err := zombie.Wait(); err != nil || string(rest[:n]) != "refused\n" {
		t.Errorf("the zombie says %q, %v", rest[:n], err)
	}
}

func TestMutualTLS(t *testing.T) {
	a := authority.New(t)
	files := func(id authority.Identity) *agent.Files {
		return &agent.Files{Certificate: id.Cert, Key: id.Key, Authority: id.CA}
	}
	serverTLS, err := files(a.Issue("h1")).Server()
	if err != nil {
		t.Fatal(err)
	}
	clientTLS, err := files(a.Issue("executor")).Client()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	server.TLS = serverTLS
	server.StartTLS()
	defer server.Close()
	get := func(c *tls.Config) (string, error) {
		response, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: c}}).Get(server.URL)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		var b bytes.Buffer
		_, err = b.ReadFrom(response.Body)
		return b.String(), err
	}
	if name, err := get(clientTLS); err != nil || name != "executor" {
		t.Errorf("got %q, %v", name, err)
	}
	bare := clientTLS.Clone()
	bare.Certificates = nil
	if _, err := get(bare); err == nil {
		t.Error("a caller without a certificate is let in")
	}
	if _, err := files(authority.Identity{Cert: "nobody.pem", Key: "nobody.key", CA: a.Self().CA}).Server(); err == nil {
		t.Error("files that aren't there are taken")
	}
}
