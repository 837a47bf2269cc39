package build

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/agent"
	"drover/internal/actuator/protocol"
	"drover/internal/actuator/webhook"
	"drover/internal/model"
)

// Agent is one server's agent.
type Agent struct {
	URL string `json:"url"`
	// Host is the name that its requests are signed for; empty: the server's.
	Host string `json:"host,omitempty"`
}

// agents is a driver whose commands are performed by the agents of the servers:
// what starts or stops something at the source by the source's, everything else
// by the target's.
type agents struct {
	servers map[model.ServerID]*protocol.Client
}

// newAgents reads the keys and certificates of a driver of the kind "agent".
func newAgents(d *Driver) (*agents, error) {
	if len(d.Agents) == 0 || d.TLS == nil || d.Key == "" {
		return nil, fmt.Errorf("agents, tls and key are needed")
	}
	config, err := d.TLS.Client()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(d.Key)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("key %s: not as `drover agent key` makes it", d.Key)
	}
	key := ed25519.NewKeyFromSeed(seed)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	a := &agents{servers: map[model.ServerID]*protocol.Client{}}
	for server, at := range d.Agents {
		host := at.Host
		if host == "" {
			host = string(server)
		}
		a.servers[server] = webhook.New(webhook.Endpoint{URL: at.URL, Client: client, Sign: agent.Signer(host, key, time.Now)})
	}
	return a, nil
}

// Capabilities says that agents refuse and remember, as their guards do.
func (a *agents) Capabilities() actuator.Capabilities {
	return actuator.Capabilities{Name: "agent", Steps: append(actuator.MoveSteps(), model.StepUpdate), Fences: true, Remembers: true, Writes: true}
}

// of returns the agent that performs a command.
func (a *agents) of(c *actuator.Command) (*protocol.Client, error) {
	server := c.Move.To
	switch c.Step.Kind {
	case model.StepRetire, model.StepReverseCutOver:
		server = c.Move.From
	case model.StepUpdate:
		server = c.UpdateServer
	}
	if client, ok := a.servers[server]; ok {
		return client, nil
	}
	return nil, fmt.Errorf("server %q has no agent: add it to the driver's agents", server)
}

// Perform has the agent perform.
func (a *agents) Perform(ctx context.Context, c actuator.Command) error {
	client, err := a.of(&c)
	if err != nil {
		return err
	}
	return client.Perform(ctx, c)
}

// Status asks the agent.
func (a *agents) Status(ctx context.Context, c actuator.Command) (actuator.Status, error) {
	client, err := a.of(&c)
	if err != nil {
		return actuator.Status{}, err
	}
	return client.Status(ctx, c)
}
