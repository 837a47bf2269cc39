// Package agent is `drover agent`: the process on a host that performs commands
// for executors elsewhere.
package agent

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/actuator/agent"
	"drover/internal/actuator/build"
	"drover/internal/actuator/guard"
	"drover/internal/cli"
	"drover/internal/model"
)

// settings is an agent's configuration file.
type settings struct {
	Host   string      `json:"host"` // requests are signed for it
	Listen string      `json:"listen"`
	TLS    agent.Files `json:"tls"`
	// Keys are the executors' public keys, as `drover agent key` prints them.
	Keys     []string          `json:"keys"`
	Allow    []model.StepKind  `json:"allow"`
	Replicas []model.ReplicaID `json:"replicas,omitempty"` // empty: all
	Journal  string            `json:"journal"`
	Audit    string            `json:"audit"`
	Drivers  string            `json:"drivers"` // see internal/actuator/build
}

// reviveEvery is how often the agent looks for processes that have ended.
const reviveEvery = time.Second

// stopPatience is how long requests under way may take when the agent stops.
const stopPatience = 10 * time.Second

// Command returns the command.
func Command() *cobra.Command {
	var path string
	command := &cobra.Command{
		Use:   "agent",
		Short: "Perform commands on this host for executors elsewhere",
		Long: "Takes commands over mutual TLS, signed by an executor for this host, from a list of\n" +
			"allowed actions, and writes each into an audit log. See docs/executor.md.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return run(command.Context(), path) },
	}
	command.Flags().StringVar(&path, "config", "", "the agent's configuration (JSON)")
	_ = command.MarkFlagRequired("config") // the flag is there
	command.AddCommand(keyCommand())
	return command
}

// keyCommand makes an executor's key.
func keyCommand() *cobra.Command {
	var out string
	command := &cobra.Command{
		Use:   "key",
		Short: "Make an executor's private key and print the agents' public one",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			public, private, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				return fmt.Errorf("key: %w", err)
			}
			file, err := os.OpenFile(out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return fmt.Errorf("key: %w", err)
			}
			_, err = fmt.Fprintln(file, base64.StdEncoding.EncodeToString(private.Seed()))
			if err := errors.Join(err, file.Close()); err != nil {
				return fmt.Errorf("key: %w", err)
			}
			_, err = fmt.Fprintln(command.OutOrStdout(), base64.StdEncoding.EncodeToString(public))
			return err
		},
	}
	command.Flags().StringVar(&out, "out", "", "file for the private key; it must not be there yet")
	_ = command.MarkFlagRequired("out") // the flag is there
	return command
}

// run serves until the context ends.
func run(ctx context.Context, path string) error {
	var s settings
	text, err := os.ReadFile(path)
	if err != nil {
		return cli.Usage(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	audit, err := os.OpenFile(s.Audit, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	defer audit.Close()
	journal, err := guard.Open(s.Journal)
	if err != nil {
		return err
	}
	defer journal.Close()
	drivers, err := build.Read(s.Drivers)
	if err != nil {
		return err
	}
	drivers.Log = slog.Default()
	set, supervisor, err := build.Set(&drivers)
	if err != nil {
		return err
	}
	keys, err := publicKeys(s.Keys)
	if err != nil {
		return err
	}
	handler, err := agent.New(agent.Config{
		Host: s.Host, Keys: keys, Allow: s.Allow, Replicas: s.Replicas, Driver: guard.New(set, journal, 0), Audit: audit,
	})
	if err != nil {
		return err
	}
	go supervisor.Keep(ctx, reviveEvery, func(err error) { slog.Error("revive", "error", err) })
	return serve(ctx, &s, handler)
}

// serve listens over mutual TLS.
func serve(ctx context.Context, s *settings, handler http.Handler) error {
	config, err := s.TLS.Server()
	if err != nil {
		return err
	}
	server := &http.Server{Addr: s.Listen, Handler: handler, TLSConfig: config, ReadHeaderTimeout: stopPatience}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
		defer cancel()
		stopped <- server.Shutdown(rest)
	}()
	slog.Info("agent", "host", s.Host, "listen", s.Listen)
	if err := server.ListenAndServeTLS("", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("agent: %w", err)
	}
	return <-stopped
}

// publicKeys reads keys from their text.
func publicKeys(texts []string) ([]ed25519.PublicKey, error) {
	keys := make([]ed25519.PublicKey, 0, len(texts))
	for i, text := range texts {
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("agent: key %d isn't a public key as `drover agent key` prints it", i+1)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
