package security

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/internal/store"
	"drover/internal/stream"
	"drover/tests/stream/servers"
)

// TestRedisTakesThePrintedUsers starts Redis with what `drover topics acls --for
// redis` prints as its ACL file, as the documentation tells people to do, and
// lets each stage work with it.
func TestRedisTakesThePrintedUsers(t *testing.T) {
	servers.Need(t, "redis-server")
	const deployment = "acl."
	// What is redirected into the file is standard output.
	printed, err := command(t, "drover", nil, "topics", "acls", "--for", "redis", "--prefix", deployment).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	secret := func(user string) string { return "s3cret-" + user }
	var lines []string
	for line := range strings.Lines(string(printed)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "user" {
			sum := sha256.Sum256([]byte(secret(fields[1])))
			line = strings.Replace(line, "#PASSWORD", "#"+hex.EncodeToString(sum[:]), 1)
		}
		lines = append(lines, line)
	}
	file := filepath.Join(t.TempDir(), "users.acl")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "")+"user default off\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	redis := servers.StartRedis(t, func(port string) []string { return []string{"--port", port, "--aclfile", file, "--save", ""} })
	stages := []string{stream.Forecaster, stream.Planner, stream.Executor}
	for i, stage := range stages {
		s, err := store.Open(store.Config{Addresses: []string{redis.Address}, Username: stage, Password: secret(stage), Namespace: deployment})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("%s: %v", stage, err)
		}
		if err := s.Save(t.Context(), stage, 1, 1, []byte("state")); err != nil {
			t.Errorf("%s: %v", stage, err)
		}
		if state, found, err := s.Load(t.Context(), stage, 1); err != nil || !found || string(state) != "state" {
			t.Errorf("%s: %q, %v, %v", stage, state, found, err)
		}
		other := stages[(i+1)%len(stages)]
		if err := s.Save(t.Context(), other, 1, 1, nil); err == nil || !strings.Contains(err.Error(), "lacks a right") {
			t.Errorf("%s writes the state of %s: %v", stage, other, err)
		}
	}
	t.Run("a wrong password", func(t *testing.T) { wrongPassword(t, redis.Address) })
}

// wrongPassword starts a forecaster that can't log in to Redis, and whose broker
// is dead: it lives, and says on /readyz and in its figures what is wrong.
func wrongPassword(t *testing.T, redis string) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = dead.Close()
	p := start(t, stream.Forecaster, []string{"DROVER_REDIS_PASSWORD=s3cret-wrong"}, "--prefix", "acl.", "--listen", "127.0.0.1:0",
		"--redis", redis, "--redis-user", stream.Forecaster, "--brokers", dead.Addr().String())
	wanted := []string{`user \"forecaster\": see redis.user and redis.password_file`, `"kafka":"kafka: `, "connection refused"}
	said := ""
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		said = p.Get("/readyz")
		missing := 0
		for _, want := range wanted {
			if !strings.Contains(said, want) {
				missing++
			}
		}
		if missing == 0 {
			if strings.Contains(said+p.Said(), "s3cret") {
				t.Errorf("it lets out the password:\n%s\n%s", said, p.Said())
			}
			return
		}
	}
	t.Errorf("/readyz says %s, want %q", said, wanted)
}
