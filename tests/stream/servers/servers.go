// Package servers starts Apache Kafka and Redis for tests, by
// deploy/kafka/local.sh, on free loopback ports, and kills and restarts them.
// What it started ends with the test.
package servers

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/tests/leaveout"
	"drover/tests/module"
)

// Servers are one Kafka cluster and one Redis with an append-only file.
type Servers struct {
	Brokers []string // host:port
	Redis   string   // host:port
	run     string
	port    int // the first broker's own
	count   int
	env     []string
	script  string
}

// Need skips the test where a command is missing, or fails it where
// DROVER_REQUIRE_ALL=1 asks for everything.
func Need(t testing.TB, commands ...string) {
	t.Helper()
	var missing []string
	for _, c := range commands {
		if _, err := exec.LookPath(c); err != nil {
			missing = append(missing, c)
		}
	}
	leaveout.Missing(t, missing...)
}

// Start starts a cluster of so many brokers, and Redis. properties are added to
// every broker's.
func Start(t testing.TB, brokers int, properties ...string) *Servers {
	t.Helper()
	s := prepare(t, brokers, properties...)
	s.begin(t)
	return s
}

// prepare finds ports and a place.
func prepare(t testing.TB, brokers int, properties ...string) *Servers {
	t.Helper()
	if testing.Short() {
		t.Skip("left out: -short starts no servers")
	}
	Need(t, "java", "mvn", "redis-server", "bash")
	run, err := os.MkdirTemp("", "drover-kafka-")
	if err != nil {
		t.Fatal(err)
	}
	root, err := module.Root()
	if err != nil {
		t.Fatal(err)
	}
	extra := filepath.Join(run, "extra.properties")
	if err := os.WriteFile(extra, []byte(strings.Join(properties, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	kafka, redis := freePorts(brokers)
	s := &Servers{run: run, port: kafka, count: brokers, script: filepath.Join(root, "deploy", "kafka", "local.sh"),
		env: append(os.Environ(), "DROVER_KAFKA_RUN="+run, "DROVER_KAFKA_PORT="+strconv.Itoa(kafka),
			"DROVER_REDIS_PORT="+strconv.Itoa(redis), "DROVER_KAFKA_EXTRA="+extra),
		Redis: fmt.Sprintf("127.0.0.1:%d", redis)}
	for i := range brokers {
		s.Brokers = append(s.Brokers, fmt.Sprintf("127.0.0.1:%d", kafka+i))
	}
	return s
}

// begin starts everything and ends it with the test.
func (s *Servers) begin(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		for n := range s.count { // the data go anyway: no need to end in order
			_ = s.signal("broker-"+strconv.Itoa(n+1), syscall.SIGKILL)
		}
		_ = s.signal("redis", syscall.SIGKILL)
		_ = s.local("down", "--purge")
	})
	if err := s.Up(); err != nil {
		t.Fatal(err)
	}
}

// Up starts what does not run.
func (s *Servers) Up() error { return s.local("up", "--brokers", strconv.Itoa(s.count), "--redis") }

func (s *Servers) local(args ...string) error {
	cmd := exec.Command(s.script, args...)
	cmd.Env = s.env
	// A file, not a pipe: the servers keep it open.
	log, err := os.CreateTemp("", "drover-local-")
	if err != nil {
		return fmt.Errorf("servers: %w", err)
	}
	defer os.Remove(log.Name())
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(log.Name())
		return fmt.Errorf("local.sh %s: %w: %s", args[0], err, said)
	}
	return nil
}

// KillBroker ends a broker (from 1) without warning; Up brings it back.
func (s *Servers) KillBroker(n int) error {
	return s.signal("broker-"+strconv.Itoa(n), syscall.SIGKILL)
}

// KillRedis ends Redis without warning; Up brings it back.
func (s *Servers) KillRedis() error { return s.signal("redis", syscall.SIGKILL) }

func (s *Servers) signal(what string, sig syscall.Signal) error {
	b, err := os.ReadFile(filepath.Join(s.run, what, "pid"))
	if err != nil {
		return fmt.Errorf("servers: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return fmt.Errorf("servers: pid of %s: %w", what, err)
	}
	if err := syscall.Kill(pid, sig); err != nil {
		return fmt.Errorf("servers: %s %s: %w", sig, what, err)
	}
	if sig == syscall.SIGKILL {
		awaitEnd(pid)
	}
	return nil
}

// awaitEnd waits until a killed process is gone, so that Up sees it is.
func awaitEnd(pid int) {
	for range 200 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Where ports stand above the first broker's: proxies before brokers, Redis (its
// proxy is the next), and the brokers' ports for each other and for controllers,
// which local.sh fixes.
const (
	proxyShift      = 20
	redisShift      = 50
	betweenShift    = 80
	controllerShift = 100
)

// freePorts returns the first of a row of free ports for brokers and one for
// Redis; all that stand in relation to them are free too.
func freePorts(brokers int) (kafka, redis int) {
	free := func(port int) bool {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			return false
		}
		_ = l.Close()
		return true
	}
next:
	for {
		kafka = 20_000 + 200*rand.IntN(50)
		for i := range brokers {
			for _, shift := range []int{0, proxyShift, betweenShift, controllerShift} {
				if !free(kafka + shift + i) {
					continue next
				}
			}
		}
		if redis = kafka + redisShift; free(redis) && free(redis+1) {
			return kafka, redis
		}
	}
}
