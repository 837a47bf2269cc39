// Package health is `drover health`: ask a program of Drover on this machine
// whether it is ready, where there is no shell and no curl, as in its image.
package health

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/config"
)

// Command returns the command.
func Command() *cobra.Command {
	var wait time.Duration
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask a program on this machine whether it is ready",
		Long: `Ask a program of Drover that runs on this machine, in this container, whether it
is ready: whether Kafka and Redis answer it. Exit code 1 says that it isn't. The
address is the program's own, by the same flag, variable or file; TLS is found out.`,
		Example: `  drover health --listen :8080
  docker run --health-cmd "/drover health" ...`,
		Args: cobra.NoArgs,
	}
	config.Register(c.Flags(), "listen")
	file := c.Flags().String("config", os.Getenv("DROVER_CONFIG"), "YAML file; see `drover config keys`")
	c.Flags().DurationVar(&wait, "wait", 0, "ask again for so long until it is ready")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		conf, err := config.Load(cmd.Flags(), os.Environ(), *file)
		if err != nil {
			return cli.Usage(err)
		}
		address, err := loopback(conf.Listen)
		if err != nil {
			return cli.Usage(err)
		}
		said, err := until(cmd.Context(), address, wait)
		if err == nil {
			_, err = fmt.Fprintln(cmd.OutOrStdout(), said)
		}
		return err
	}
	return c
}

// loopback returns where a program that listens on an address is met from its own
// machine.
func loopback(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("--listen %q: want host:port: %w", listen, err)
	}
	if port == "0" {
		return "", fmt.Errorf("--listen %q: want the port that the program has", listen)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// pause is between two questions.
const pause = 500 * time.Millisecond

// until asks until the program is ready or the time is over.
func until(ctx context.Context, address string, wait time.Duration) (string, error) {
	deadline := time.Now().Add(wait)
	for {
		said, err := ask(ctx, address)
		if err == nil || time.Now().Add(pause).After(deadline) {
			return said, err
		}
		select {
		case <-ctx.Done():
			return "", errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// asked is how long an answer may take; the program itself gives what it depends
// on two seconds.
const asked = 4 * time.Second

// ask asks once, by TLS where the program says that it wants it. Whose certificate
// it shows does not matter: nothing is told to it.
func ask(ctx context.Context, address string) (string, error) {
	client := &http.Client{Timeout: asked, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	status, body, err := get(ctx, client, "http://"+address)
	if err == nil && status == http.StatusBadRequest && strings.Contains(string(body), "HTTPS server") {
		status, body, err = get(ctx, client, "https://"+address)
	}
	if err != nil {
		return "", fmt.Errorf("%w (does it run, and listen there?)", err)
	}
	state := map[string]string{}
	if err := json.Unmarshal(body, &state); err != nil {
		return "", fmt.Errorf("%s does not answer as Drover does: status %d", address, status)
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(state)) {
		parts = append(parts, name+" "+state[name])
	}
	if status != http.StatusOK {
		return "", fmt.Errorf("not ready: %s", strings.Join(parts, ", "))
	}
	return "ready: " + strings.Join(parts, ", "), nil
}

func get(ctx context.Context, client *http.Client, base string) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return 0, nil, err
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	return answer.StatusCode, body, err
}
