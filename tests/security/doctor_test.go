package security

import (
	"encoding/json"
	"strings"
	"testing"

	"drover/internal/stream"
)

// finding is one line of `drover doctor -o json`.
type finding struct{ Check, Status, Message, Fix string }

// doctor examines the site as a user and returns what it found, by check. The
// exit code is not asked: the users of Kafka may not all log in to Redis.
func (s *site) doctor(t *testing.T, user string) map[string][]finding {
	t.Helper()
	said, _ := s.drover(t, user, "doctor", "-o", "json", "--log-level", "error", "--timeout", "60s")
	var told struct{ Findings []finding }
	if err := json.NewDecoder(strings.NewReader(said[max(0, strings.Index(said, "{")):])).Decode(&told); err != nil {
		t.Fatalf("doctor as %s: %v\n%s", user, err, said)
	}
	out := map[string][]finding{}
	for _, f := range told.Findings {
		out[f.Check] = append(out[f.Check], f)
	}
	return out
}

// sick examines the site before anything was granted or made.
func (s *site) sick(t *testing.T) {
	found := s.doctor(t, "admin")
	if len(found["brokers"]) != 1 || found["brokers"][0].Status != "ok" {
		t.Errorf("brokers: %+v", found["brokers"])
	}
	for check, want := range map[string]string{
		"topics": "topic t.metrics is missing", "rights": "planner may Write, Describe transactional-id t.planner-*", "lag": "no forecaster runs",
	} {
		if len(found[check]) == 0 || found[check][0].Status != "failed" || !says(found[check], want) {
			t.Errorf("%s: %+v, want failures that say %q", check, found[check], want)
		}
	}
	if says(found["topics"], "t.metrics") && found["topics"][0].Fix != "drover topics apply" {
		t.Errorf("the way out is %q", found["topics"][0].Fix)
	}
}

// sound examines it while the services run.
func (s *site) sound(t *testing.T) {
	found := s.doctor(t, "admin")
	for check, want := range map[string]string{
		"brokers": "1 answer", "topics": "as the table says", "rights": "every service has what it needs", "heartbeats": "the last one is",
	} {
		if len(found[check]) != 1 || found[check][0].Status != "ok" || !says(found[check], want) {
			t.Errorf("%s: %+v, want it well", check, found[check])
		}
	}
	for _, stage := range []string{stream.Forecaster, stream.Planner, stream.Executor} {
		if !says(found["lag"], stage+": 1 running") {
			t.Errorf("lag: %+v, want a running %s", found["lag"], stage)
		}
	}
	if redis := found["redis"]; len(redis) != 1 || redis[0].Status != "failed" || !strings.Contains(redis[0].Message, "redis.password_file") {
		t.Errorf("redis, without a login: %+v", redis)
	}
	if rights := s.doctor(t, stream.Operator)["rights"]; len(rights) != 1 || rights[0].Status != "skipped" {
		t.Errorf("the operator may not read rights, and is told %+v", rights)
	}
}

func says(found []finding, text string) bool {
	for _, f := range found {
		if strings.Contains(f.Message, text) {
			return true
		}
	}
	return false
}
