package up

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"drover/internal/ingest"
	"drover/internal/ingest/format/events"
	"drover/internal/model"
)

// doorFeed sends what the fleet measures through ingest's doors over HTTP, as
// any producer would: metrics as CSV, the rest as JSON events. Only the
// heartbeats are ingest's own, since event time here is the simulation's.
type doorFeed struct {
	base   string // http://host:port
	client http.Client
	feed   *ingest.Feed
}

// Publish implements pipeline.Feed.
func (d *doorFeed) Publish(ctx context.Context, batch []any) error {
	var table, lines bytes.Buffer
	table.WriteString("time,entity,cpu,memory,receive,transmit\n")
	rows := 0
	for _, event := range batch {
		if m, ok := event.(model.Metric); ok && len(m.Samples) == 4 {
			appendRow(&table, &m)
			rows++
			continue
		}
		line, err := events.Encode(event)
		if err != nil {
			return fmt.Errorf("encode %T: %w", event, err)
		}
		lines.Write(line)
		lines.WriteByte('\n')
	}
	if rows > 0 {
		if err := d.post(ctx, "/v1/ingest/metrics-csv", "text/csv", &table); err != nil {
			return err
		}
	}
	if lines.Len() > 0 {
		return d.post(ctx, "/v1/events", "application/x-ndjson", &lines)
	}
	return nil
}

// appendRow writes the samples in the order of the table's columns, which is
// that of the fleet's.
func appendRow(b *bytes.Buffer, m *model.Metric) {
	line := append(b.AvailableBuffer(), m.At.String()...)
	line = append(append(line, ','), m.Entity...)
	for _, s := range m.Samples {
		line = strconv.AppendFloat(append(line, ','), s.Value, 'g', -1, 64)
	}
	b.Write(append(line, '\n'))
}

// post sends a body and demands that all of it was taken.
func (d *doorFeed) post(ctx context.Context, path, media string, body io.Reader) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.base+path, body)
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	request.Header.Set("Content-Type", media)
	response, err := d.client.Do(request)
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	if response.StatusCode != http.StatusOK {
		var answer struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(said, &answer) == nil && answer.Error != "" {
			said = []byte(answer.Error)
		}
		return fmt.Errorf("POST %s: %s: %s", path, response.Status, bytes.TrimSpace(said))
	}
	return nil
}

// Heartbeat implements pipeline.Feed.
func (d *doorFeed) Heartbeat(ctx context.Context, at model.Instant, final bool) error {
	return d.feed.Heartbeat(ctx, at, final)
}
