package servers

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/tests/authority"

	"drover/tests/module"
)

// Guarded is a broker that lets nobody in unnamed: SASL over TLS at one address,
// certificates alone at the other, its authoriser on. Only the user "admin" and
// the broker itself may do everything.
type Guarded struct {
	SASL   string // host:port
	Mutual string // host:port; a client's name is its certificate's common name
}

// StartGuarded starts one. The broker's certificate has to have the common name
// "broker". password is the admin's, for SCRAM-SHA-512.
func StartGuarded(t testing.TB, id authority.Identity, password string) Guarded {
	t.Helper()
	if testing.Short() {
		t.Skip("left out: -short starts no servers")
	}
	Need(t, "java", "mvn", "bash")
	root, err := module.Root()
	if err != nil {
		t.Fatal(err)
	}
	run := t.TempDir()
	port, _ := freePorts(1)
	mutual, controller := port+60, port+100
	extra := filepath.Join(run, "extra.properties")
	if err := os.WriteFile(extra, []byte(guardedProperties(id, port, mutual, controller)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Servers{run: run, count: 1, script: filepath.Join(root, "deploy", "kafka", "local.sh"),
		env: append(os.Environ(), "DROVER_KAFKA_RUN="+run, "DROVER_KAFKA_PORT="+strconv.Itoa(port), "DROVER_KAFKA_EXTRA="+extra,
			"DROVER_KAFKA_FORMAT=--add-scram SCRAM-SHA-512=[name=admin,password="+password+"]")}
	t.Cleanup(func() { _ = s.signal("broker-1", syscall.SIGKILL) })
	if err := s.local("up"); err != nil {
		t.Fatal(err)
	}
	return Guarded{SASL: fmt.Sprintf("127.0.0.1:%d", port), Mutual: fmt.Sprintf("127.0.0.1:%d", mutual)}
}

func guardedProperties(id authority.Identity, sasl, mutual, controller int) string {
	lines := []string{
		fmt.Sprintf("listeners=CLIENT://127.0.0.1:%d,MUTUAL://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d", sasl, mutual, controller),
		fmt.Sprintf("advertised.listeners=CLIENT://127.0.0.1:%d,MUTUAL://127.0.0.1:%d", sasl, mutual),
		"listener.security.protocol.map=CLIENT:SASL_SSL,MUTUAL:SSL,CONTROLLER:SSL",
		"inter.broker.listener.name=MUTUAL",
		"sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512",
		"listener.name.client.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"ssl.keystore.type=PEM", "ssl.keystore.location=" + id.Both,
		"ssl.truststore.type=PEM", "ssl.truststore.location=" + id.CA,
		"listener.name.mutual.ssl.client.auth=required", "listener.name.controller.ssl.client.auth=required",
		"ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/,DEFAULT",
		"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users=User:admin;User:broker",
	}
	return strings.Join(lines, "\n") + "\n"
}

// StartRedisTLS starts a Redis that talks only TLS and knows only the users of
// the lines of an ACL file.
func StartRedisTLS(t testing.TB, id authority.Identity, users ...string) (address string) {
	t.Helper()
	acl := filepath.Join(t.TempDir(), "users.acl")
	if err := os.WriteFile(acl, []byte(strings.Join(users, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return StartRedis(t, func(port string) []string {
		return []string{"--port", "0", "--tls-port", port, "--tls-cert-file", id.Cert, "--tls-key-file", id.Key, "--tls-ca-cert-file", id.CA,
			"--tls-auth-clients", "optional", "--aclfile", acl}
	}).Address
}

// Redis is one redis-server.
type Redis struct {
	Address string // host:port
	cmd     *exec.Cmd
}

// StartRedis starts a redis-server on a free port, with arguments, that the test
// ends.
func StartRedis(t testing.TB, arguments func(port string) []string) *Redis {
	t.Helper()
	if testing.Short() {
		t.Skip("left out: -short starts no servers")
	}
	Need(t, "redis-server")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	_ = l.Close()
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	args := append([]string{"--bind", "127.0.0.1", "--dir", dir, "--logfile", log}, arguments(port)...)
	r := &Redis{Address: address, cmd: exec.Command("redis-server", args...)}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Kill)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
			return r
		}
		said, _ := os.ReadFile(log)
		if time.Now().After(deadline) || strings.Contains(string(said), "Aborting") {
			t.Fatalf("redis does not listen on %s: %s", address, said)
		}
	}
}

// Kill ends it without warning.
func (r *Redis) Kill() {
	if err := r.cmd.Process.Kill(); errors.Is(err, os.ErrProcessDone) {
		return
	}
	_ = r.cmd.Wait() // it was killed: that is its error
}
