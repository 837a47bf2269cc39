package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// The addresses that compose.yaml publishes on this machine.
const (
	console   = "http://127.0.0.1:8080"
	producers = "http://127.0.0.1:8081"
)

// inventory is a fleet of three servers; the busy one is to be maintained in an
// hour, under a name, so that its applications must move.
func inventory(maintenance, busy string) string {
	var b strings.Builder
	b.WriteString("fleet: shop\nservers:\n")
	for _, server := range []string{"s1", "s2", "s3"} {
		fmt.Fprintf(&b, "  - id: %s\n    capacity: {cpu: 16, memory: 64GiB, receive: 1Gbit/s, transmit: 1Gbit/s}\n", server)
		if server == busy {
			now := time.Now().UTC()
			fmt.Fprintf(&b, "    maintenance:\n      - {id: %s, start: %s, end: %s}\n", maintenance,
				now.Add(time.Hour).Format(time.RFC3339), now.Add(2*time.Hour).Format(time.RFC3339))
		}
	}
	fmt.Fprintf(&b, "applications:\n  - {id: web, replicas: 2, request: {cpu: 500m, memory: 512MiB}, data: 10MiB, placement: [%s, %s]}\n", busy, busy)
	return b.String()
}

// ask sends a request with the person's token and reads the answer.
func (s *story) ask(ctx context.Context, method, url, body string, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.Token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, url, answer.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// plans returns the state of every plan that the console knows.
func (s *story) plans(ctx context.Context) (map[string]string, error) {
	var page struct {
		Items []struct{ ID, State string }
	}
	if err := s.ask(ctx, http.MethodGet, console+"/api/v1/fleets/shop/plans", "", &page); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, p := range page.Items {
		out[p.ID] = p.State
	}
	return out, nil
}

// plan sends the fleet and waits for a plan's end; without a token nothing is
// answered.
func (s *story) plan(ctx context.Context) error {
	for url, method := range map[string]string{console + "/api/v1/fleets": http.MethodGet, producers + "/v1/ingest/inventory": http.MethodPost} {
		r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(inventory("none", "s1")))
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusUnauthorized && answer.StatusCode != http.StatusForbidden {
			return fmt.Errorf("%s %s without a token: %s", method, url, answer.Status)
		}
	}
	return s.another(ctx, "first")
}

// another sends the fleet with a maintenance where its applications are, and waits
// until a plan that was not there before has succeeded.
func (s *story) another(ctx context.Context, maintenance string) error {
	before, err := s.plans(ctx)
	if err != nil {
		before = map[string]string{} // the fleet isn't known yet
	}
	begun := time.Now()
	if err := s.engine.await(ctx, "the fleet is taken", func() (bool, error) {
		err := s.ask(ctx, http.MethodPost, producers+"/v1/ingest/inventory", inventory(maintenance, s.busy()), nil)
		return err == nil, err
	}); err != nil {
		return err
	}
	err = s.engine.await(ctx, "a plan has succeeded", func() (bool, error) {
		now, err := s.plans(ctx)
		for id, state := range now {
			if before[id] == "" && state == "succeeded" {
				s.Moved++
				return true, nil
			}
		}
		return false, errors.Join(err, fmt.Errorf("%v", now))
	})
	s.Figures["plan_"+strings.ReplaceAll(maintenance, "-", "_")+"_s"] = seconds(begun)
	return err
}

// news sends one more server and waits until the console shows it.
func (s *story) news(ctx context.Context, server string) error {
	text := fmt.Sprintf("fleet: shop\nservers:\n  - {id: %s, capacity: {cpu: 16, memory: 64GiB, receive: 1Gbit/s, transmit: 1Gbit/s}}\n", server)
	if err := s.ask(ctx, http.MethodPost, producers+"/v1/ingest/inventory", text, nil); err != nil {
		return err
	}
	return s.engine.await(ctx, "the console shows "+server, func() (bool, error) {
		err := s.ask(ctx, http.MethodGet, console+"/api/v1/fleets/shop/servers/"+server, "", nil)
		return err == nil, err
	})
}

// busy is where the applications are said to be: each time at another server.
func (s *story) busy() string { return fmt.Sprintf("s%d", 1+s.Moved%3) }
