package security

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"drover/internal/engine"
	"drover/internal/model"
	"drover/internal/pipeline"
	"drover/internal/store"
	"drover/internal/stream"
	"drover/tests/authority"
)

var everyone = []string{stream.Ingest, stream.Forecaster, stream.Planner, stream.Executor, stream.Operator}

// eventFor returns an event that the topic's schema lets through.
func eventFor(topic stream.Topic) any {
	switch {
	case slices.Contains(topic.Events, "Heartbeat"):
		return model.Heartbeat{Producer: "nobody", At: 1}
	case topic.Name == stream.Reports:
		return model.Beat{Owner: "nobody", At: 1}
	case topic.Name == stream.Audit:
		return model.Audit{Fleet: "f", At: 1, Object: "o"}
	}
	return model.DeadLetter{Topic: "nowhere", At: 1}
}

// rights has everyone write and read every topic and compares what came of it
// with the table.
func (s *site) rights(t *testing.T) {
	connections := map[string]*stream.Connection{}
	for _, user := range everyone {
		connections[user] = s.connect(t, user)
		p, err := stream.NewProducer(connections[user])
		if err != nil {
			t.Fatal(err)
		}
		for _, topic := range stream.Topology() {
			err := p.Publish(t.Context(), topic.Name, "f", "k", eventFor(topic))
			s.judge(t, user, "WRITE", topic.Name, slices.Contains(topic.Writers, user), err)
		}
		p.Close()
	}
	for _, user := range everyone {
		for _, topic := range stream.Topology() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			err := connections[user].Tail(ctx, stream.FromStart, func(stream.Entry) error { return errEnough }, topic.Name)
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			cancel()
			if errors.Is(err, errEnough) {
				err = nil
			}
			s.judge(t, user, "READ", topic.Name, slices.Contains(topic.Readers, user), err)
		}
	}
}

func (s *site) judge(t *testing.T, user, operation, topic string, may bool, err error) {
	t.Helper()
	if may {
		if err != nil {
			t.Errorf("%s may %s %s: %v", user, operation, topic, err)
		}
		return
	}
	want := fmt.Sprintf("user %q lacks the right %s on %s", user, operation, prefix+topic)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s may not %s %s: error %v does not say %q", user, operation, topic, err, want)
		return
	}
	s.outputs[user+" "+operation+" "+topic] = err.Error()
}

// groups has services run stages that are not theirs.
func (s *site) groups(t *testing.T) {
	stages := pipeline.DefaultConfig()
	for _, c := range []struct{ user, stage string }{{stream.Forecaster, stream.Planner}, {stream.Planner, stream.Executor}, {stream.Operator, stream.Forecaster}} {
		var stage engine.Stage
		for _, candidate := range stages.Stages() {
			if candidate.Name == c.stage {
				stage = candidate
			}
		}
		states, err := store.Open(store.Config{Addresses: []string{s.redis}, TLS: s.Client(), Username: c.user, Password: s.secrets["redis-"+c.user]})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		err = stream.Run(ctx, stream.Config{Connection: s.connect(t, c.user), Stage: stage.Name, Topics: stage.Topics, NewTask: stage.NewTask,
			Store: states, Fenced: store.ErrFenced})
		cancel()
		_ = states.Close()
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("user %q lacks the right", c.user)) {
			t.Errorf("%s as %s: %v", c.user, c.stage, err)
		}
	}
}

// strangers come with wrong passwords, without a certificate, and to the wrong
// broker. Each is told why in the time that it has.
func (s *site) strangers(t *testing.T) {
	other := authority.New(t)
	cases := []struct {
		name, want string
		settings   stream.Settings
	}{
		{"wrong password", "SASL", stream.Settings{Brokers: []string{s.kafka.SASL}, TLS: s.Client(), User: stream.Ingest, Password: "not-" + s.secrets[stream.Ingest]}},
		{"no certificate", "", stream.Settings{Brokers: []string{s.kafka.Mutual}, TLS: s.Client()}},
		{"no encryption", "", stream.Settings{Brokers: []string{s.kafka.SASL}, User: stream.Ingest, Password: s.secrets[stream.Ingest]}},
		{"wrong authority", "certificate", stream.Settings{Brokers: []string{s.kafka.SASL}, TLS: other.Client(), User: stream.Ingest, Password: s.secrets[stream.Ingest]}},
	}
	said := make([]string, len(cases))
	t.Run("all", func(t *testing.T) {
		for i, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.settings.Prefix = prefix
				err := publishWithin(t, s.open(t, c.settings), 8*time.Second)
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("error %v does not say %q", err, c.want)
				}
				said[i] = err.Error()
			})
		}
	})
	for i, c := range cases {
		s.outputs[c.name] = said[i]
	}
}

func publishWithin(t *testing.T, conn *stream.Connection, limit time.Duration) error {
	t.Helper()
	p, err := stream.NewProducer(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return p.Publish(ctx, stream.Metrics, "f", "k", model.Heartbeat{Producer: "stranger"})
}

// script compares the generated script with what --grant granted, and runs some
// of it with Kafka's own tool.
func (s *site) script(t *testing.T) {
	said, err := s.drover(t, stream.Operator, "topics", "acls")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	calls, shim := filepath.Join(dir, "calls"), filepath.Join(dir, "kafka-acls.sh")
	if err := os.WriteFile(shim, []byte("#!/bin/sh\necho \"$@\" >>"+calls+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	sh := exec.Command("sh", "-c", said)
	sh.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "BOOTSTRAP="+s.kafka.SASL, "ADMIN="+s.adminProperties())
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	var scripted []string
	for _, line := range lines {
		scripted = append(scripted, scriptedRights(strings.Fields(line))...)
	}
	slices.Sort(scripted)
	if granted := s.granted(t); !slices.Equal(scripted, granted) {
		t.Errorf("the script grants\n%v\nand --grant\n%v", scripted, granted)
	}
	tool := exec.Command("java", append([]string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", filepath.Join(kafkaHome(t), "libs-*", "*"), "org.apache.kafka.tools.AclCommand"},
		strings.Fields(lines[len(lines)-1])...)...)
	if found, _ := filepath.Glob(filepath.Join(kafkaHome(t), "libs-*")); len(found) > 0 {
		tool.Args[4] = filepath.Join(found[len(found)-1], "*")
	}
	if out, err := tool.CombinedOutput(); err != nil {
		t.Errorf("Kafka's tool refuses %q: %v: %s", lines[len(lines)-1], err, out)
	}
}

func kafkaHome(t *testing.T) string {
	t.Helper()
	if home := os.Getenv("DROVER_KAFKA_HOME"); home != "" {
		return home
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(home, ".cache", "drover", "kafka")
}

func (s *site) adminProperties() string {
	return s.Write("admin.properties", []byte(strings.Join([]string{"security.protocol=SASL_SSL", "sasl.mechanism=SCRAM-SHA-512",
		"ssl.truststore.type=PEM", "ssl.truststore.location=" + filepath.Join(s.Dir, "ca.pem"),
		`sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="` + s.secrets["admin"] + `";`}, "\n")))
}

// scriptedRights returns "principal operation resource name pattern" of a call
// of Kafka's tool.
func scriptedRights(args []string) (out []string) {
	var principal, resource, operations = "", "", []string{}
	pattern := "LITERAL"
	for i := 0; i+1 < len(args); i++ {
		switch value := args[i+1]; args[i] {
		case "--allow-principal":
			principal = value
		case "--operation":
			operations = append(operations, value)
		case "--resource-pattern-type":
			pattern = strings.ToUpper(value)
		case "--topic", "--group", "--transactional-id":
			resource = strings.ReplaceAll(strings.TrimPrefix(args[i], "--"), "-", "_") + " " + value
		}
	}
	for _, op := range operations {
		out = append(out, canonical(principal, op, resource, pattern))
	}
	return out
}

func canonical(principal, operation, resource, pattern string) string {
	return strings.ToLower(principal + " " + strings.ReplaceAll(operation, "_", "") + " " + resource + " " + pattern)
}

// granted asks the broker for all rights.
func (s *site) granted(t *testing.T) (out []string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.kafka.SASL), kgo.DialTLSConfig(s.Client()),
		kgo.SASL(scram.Auth{User: "admin", Pass: s.secrets["admin"]}.AsSha512Mechanism()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	b := kadm.NewACLs().AnyResource().Allow().AllowHosts().Operations().ResourcePatternType(kadm.ACLPatternAny)
	results, err := kadm.NewClient(client).DescribeACLs(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		for _, d := range r.Described {
			out = append(out, canonical(d.Principal, d.Operation.String(), d.Type.String()+" "+d.Name, d.Pattern.String()))
		}
	}
	slices.Sort(out)
	return out
}
