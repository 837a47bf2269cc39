package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"drover/internal/ingest/format/events"
	"drover/internal/model"
)

// stormProducer is the ingest's name in heartbeats.
const stormProducer = "storm-ingest"

// credentials writes a credentials file: one token a fleet.
func credentials(t *testing.T, fleets []model.FleetID) string {
	t.Helper()
	text := "credentials:\n"
	for _, f := range fleets {
		sum := sha256.Sum256([]byte("token-" + f))
		text += fmt.Sprintf("- {name: %s-sender, fleet: %s, control: true, token_sha256: %s}\n", f, f, hex.EncodeToString(sum[:]))
	}
	path := filepath.Join(t.TempDir(), "credentials.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// feeder sends a script to ingest's doors as careful senders do: every request
// is numbered and sent again until it is answered, and the heartbeat follows
// once everything before it is safe.
type feeder struct {
	base    string
	client  http.Client
	numbers map[model.FleetID]int64
	again   int // requests that had to be sent again

	mu    sync.Mutex
	acked map[model.Instant]time.Time // when a heartbeat was answered
}

func newFeeder(address string) *feeder {
	return &feeder{base: "http://" + address, numbers: map[model.FleetID]int64{}, acked: map[model.Instant]time.Time{},
		client: http.Client{Timeout: 30 * time.Second}}
}

// perRequest keeps bodies below what ingest takes at once.
const perRequest = 4000

// send sends one moment.
func (f *feeder) send(ctx context.Context, m moment) error {
	for i, fleet := range stormFleets {
		for rest := m.events[i]; len(rest) > 0; rest = rest[min(perRequest, len(rest)):] {
			var body bytes.Buffer
			for _, event := range rest[:min(perRequest, len(rest))] {
				line, err := events.Encode(event)
				if err != nil {
					return err
				}
				body.Write(line)
				body.WriteByte('\n')
			}
			f.numbers[fleet]++
			if err := f.post(ctx, "/v1/events", fleet, f.numbers[fleet], body.Bytes()); err != nil {
				return err
			}
		}
	}
	beat, err := json.Marshal(map[string]any{"at": m.beat.Time(), "final": m.final})
	if err != nil {
		return err
	}
	if err := f.post(ctx, "/v1/heartbeat", "", 0, beat); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acked[m.beat] = time.Now()
	return nil
}

// post sends until it is answered. Only a refusal, which sending again would not
// change, is an error.
func (f *feeder) post(ctx context.Context, path string, fleet model.FleetID, number int64, body []byte) error {
	for {
		status, said, err := f.once(ctx, path, fleet, number, body)
		switch {
		case err == nil && status < 300:
			return nil
		case err == nil && status < 500:
			return fmt.Errorf("POST %s: %d %s", path, status, said)
		case ctx.Err() != nil:
			return errors.Join(err, ctx.Err())
		}
		f.again++
		time.Sleep(100 * time.Millisecond)
	}
}

func (f *feeder) once(ctx context.Context, path string, fleet model.FleetID, number int64, body []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if fleet != "" {
		request.Header.Set("Content-Type", "application/x-ndjson")
		request.Header.Set("Authorization", "Bearer token-"+string(fleet))
		request.Header.Set("Drover-Batch", fmt.Sprint(number))
	}
	answer, err := f.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 1<<12))
	return answer.StatusCode, said, err
}
