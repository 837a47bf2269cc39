package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/ingest/format/events"
	"drover/internal/ingest/pull"
	"drover/internal/model"
)

// doorSink sends events to a door's events API, or prints them.
type doorSink struct {
	url, token string
	print      io.Writer // where url is empty
}

// bind adds the flags that say where to send.
func (d *doorSink) bind(cmd *cobra.Command, tokenFile *string) {
	cmd.Flags().StringVar(&d.url, "to", "", "door to send to, such as http://drover:8080; empty prints the events")
	cmd.Flags().StringVar(tokenFile, "token-file", "", "file with the bearer token")
}

// open reads the token.
func (d *doorSink) open(cmd *cobra.Command, tokenFile string) error {
	d.print = cmd.OutOrStdout()
	if tokenFile == "" {
		return nil
	}
	data, err := os.ReadFile(tokenFile)
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	d.token = strings.TrimSpace(string(data))
	return nil
}

// Publish implements pull.Sink.
func (d *doorSink) Publish(ctx context.Context, list []any) error {
	var b bytes.Buffer
	for _, e := range list {
		line, err := events.Encode(e)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	if d.url == "" {
		_, err := d.print.Write(b.Bytes())
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(d.url, "/")+"/v1/events", &b)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	client := http.Client{Timeout: 30 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return fmt.Errorf("%s: %s: %s", d.url, response.Status, bytes.TrimSpace(reason))
	}
	return nil
}

func pullCommand() *cobra.Command {
	var sink doorSink
	var tokenFile, targetsFile, fleet string
	cmd := &cobra.Command{
		Use:   "pull --targets FILE [--to URL]",
		Short: "Scrape metrics and poll calendars, and send them to a door",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			data, err := os.ReadFile(targetsFile)
			if err != nil {
				return fmt.Errorf("targets: %w", err)
			}
			targets, err := pull.ReadTargets(data)
			if err != nil {
				return err
			}
			if err := sink.open(cmd, tokenFile); err != nil {
				return err
			}
			poller, err := pull.New(pull.Config{Sink: &sink, Fleet: model.FleetID(fleet), Logger: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))}, targets)
			if err != nil {
				return err
			}
			return poller.Run(cmd.Context())
		},
	}
	sink.bind(cmd, &tokenFile)
	cmd.Flags().StringVar(&targetsFile, "targets", "", "file of feeds, or of Prometheus' service discovery by file")
	cmd.Flags().StringVar(&fleet, "fleet", "", "fleet that the events belong to")
	_ = cmd.MarkFlagRequired("targets")
	return cmd
}
