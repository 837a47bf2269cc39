package stream

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"drover/internal/model"
	"drover/internal/stage"
)

const secret = "s3cret-of-a-test"

// guarded starts a broker that asks for a login and knows the services' rights,
// and nothing else.
func guarded(t *testing.T) *kfake.Cluster {
	t.Helper()
	opts := []kfake.Opt{kfake.NumBrokers(1), kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("SCRAM-SHA-512", "admin", secret)}
	acls := map[string][]kfake.ACL{}
	for _, r := range Rights("t.") {
		for _, op := range r.Operations {
			acls[r.Service] = append(acls[r.Service], aclOf(t, r, op))
		}
	}
	for service, list := range acls {
		opts = append(opts, kfake.User("SCRAM-SHA-512", service, secret, list...))
	}
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func aclOf(t *testing.T, r Right, operation string) kfake.ACL {
	t.Helper()
	operations := map[string]kmsg.ACLOperation{"Read": kmsg.ACLOperationRead, "Write": kmsg.ACLOperationWrite, "Create": kmsg.ACLOperationCreate,
		"Alter": kmsg.ACLOperationAlter, "Describe": kmsg.ACLOperationDescribe, "AlterConfigs": kmsg.ACLOperationAlterConfigs, "DescribeConfigs": kmsg.ACLOperationDescribeConfigs}
	resources := map[string]kmsg.ACLResourceType{"topic": kmsg.ACLResourceTypeTopic, "group": kmsg.ACLResourceTypeGroup, "transactional-id": kmsg.ACLResourceTypeTransactionalId}
	op, known := operations[operation]
	resource, also := resources[r.Resource]
	if !known || !also {
		t.Fatalf("right %+v: operation %s", r, operation)
	}
	pattern := kmsg.ACLResourcePatternTypeLiteral
	if r.Prefixed {
		pattern = kmsg.ACLResourcePatternTypePrefixed
	}
	return kfake.ACL{Resource: resource, Name: r.Name, Pattern: pattern, Operation: op, Allow: true}
}

// login connects as a user and keeps what is logged.
func login(t *testing.T, c *kfake.Cluster, user string) (*Connection, *bytes.Buffer) {
	t.Helper()
	registry, err := OpenFileRegistry("", "t.")
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	conn, err := Connect(context.Background(), Settings{Brokers: c.ListenAddrs(), Prefix: "t.", Registry: registry, User: user, Password: secret,
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	return conn, log
}

func TestServicesWorkWithTheirRightsAndNoMore(t *testing.T) {
	c := guarded(t)
	operator, log := login(t, c, Operator)
	admin, err := NewAdmin(operator)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.Apply(t.Context(), Plan{Partitions: Partitions{ByKey: 2, ByFleet: 1}}); err != nil {
		t.Fatal(err)
	}
	ingest, _ := login(t, c, Ingest)
	p := producer(t, ingest)
	forecaster, _ := login(t, c, Forecaster)
	planner, _ := login(t, c, Planner)
	start(t, Config{Connection: forecaster, Stage: Forecaster, Topics: []string{Metrics, Paths, Calls}, NewTask: newCounting,
		Store: newStates(), Fenced: errFenced, SaveEvery: 30 * time.Millisecond})
	start(t, Config{Connection: planner, Stage: Planner, Topics: []string{Forecasts}, NewTask: newChecking, Mode: Transaction,
		Store: newStates(), Fenced: errFenced})
	if err := p.Publish(t.Context(), Metrics, "f", "server:a", metricOf("server:a", 1)); err != nil {
		t.Fatal(err)
	}
	await(t, operator, 1, nil, Scenarios)

	if err := p.Publish(t.Context(), Plans, "f", "p", model.Plan{Fleet: "f"}); err == nil || !strings.Contains(err.Error(), `user "ingest" lacks the right WRITE on t.plans`) {
		t.Errorf("ingest writing plans: %v", err)
	}
	err = ingest.Tail(t.Context(), FromStart, func(Entry) error { return nil }, Forecasts)
	if err == nil || !strings.Contains(err.Error(), "t.forecasts") || !strings.Contains(err.Error(), "lacks the right") {
		t.Errorf("ingest reading forecasts: %v", err)
	}
	err = Run(t.Context(), Config{Connection: forecaster, Stage: Planner, Topics: []string{Forecasts}, NewTask: newChecking, Store: newStates(), Fenced: errFenced})
	if err == nil || !strings.Contains(err.Error(), "lacks the right") {
		t.Errorf("the forecaster as a planner: %v", err)
	}
	if strings.Contains(log.String(), secret) {
		t.Error("the password stands in the log")
	}
}

func TestAWrongPasswordIsAnErrorWithoutIt(t *testing.T) {
	c := guarded(t)
	conn, log := login(t, c, Ingest)
	conn.settings.Password = "not-" + secret
	p := producer(t, conn)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := p.PublishAll(ctx, []stage.Emission{{Topic: Metrics, Fleet: "f", Key: "server:a", Partition: stage.ByKey, Event: metricOf("server:a", 1)}})
	if err == nil || strings.Contains(err.Error()+log.String(), secret) {
		t.Errorf("error %v; the log %s", err, log)
	}
}
