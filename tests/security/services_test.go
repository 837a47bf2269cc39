package security

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"drover/internal/ingest"
	"drover/internal/model"
	"drover/internal/store"
	"drover/internal/stream"
	"drover/tests/authority"
	"drover/tests/child"
	"drover/tests/stream/servers"
)

const prefix = "t."

// site is a guarded Kafka and Redis, and everyone's secrets there.
type site struct {
	*authority.Authority
	t       *testing.T
	kafka   servers.Guarded
	redis   string
	secrets map[string]string // by user; Redis' by "redis-" and the user
	outputs map[string]string // everything that was said, by whom
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{Authority: authority.New(t), t: t, secrets: map[string]string{}, outputs: map[string]string{}}
	users := []string{"admin", stream.Ingest, stream.Forecaster, stream.Planner, stream.Executor, stream.Operator}
	var lines []string
	for _, u := range users {
		s.secrets[u] = "s3cret-" + u + "-k"
		s.Write(u+".secret", []byte(s.secrets[u]+"\n"))
	}
	for _, u := range []string{stream.Forecaster, stream.Planner, stream.Executor} {
		s.secrets["redis-"+u] = "s3cret-" + u + "-r"
		s.Write("redis-"+u+".secret", []byte(s.secrets["redis-"+u]+"\n"))
		lines = append(lines, store.UserOf(prefix, u).Line(">"+s.secrets["redis-"+u]))
	}
	broker := s.Issue("broker")
	s.redis = servers.StartRedisTLS(t, broker, append(lines, "user default off")...)
	s.kafka = servers.StartGuarded(t, broker, s.secrets["admin"])
	s.addUsers(users[1:])
	return s
}

// addUsers makes the users known to Kafka, for both mechanisms.
func (s *site) addUsers(users []string) {
	s.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.kafka.SASL), kgo.DialTLSConfig(s.Client()),
		kgo.SASL(scram.Auth{User: "admin", Pass: s.secrets["admin"]}.AsSha512Mechanism()))
	if err != nil {
		s.t.Fatal(err)
	}
	defer client.Close()
	for _, m := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} { // a request may name a user once
		var upserts []kadm.UpsertSCRAM
		for _, u := range users {
			upserts = append(upserts, kadm.UpsertSCRAM{User: u, Mechanism: m, Iterations: 4096, Password: s.secrets[u]})
		}
		altered, err := kadm.NewClient(client).AlterUserSCRAMs(s.t.Context(), nil, upserts)
		if err == nil {
			err = altered.Error()
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// environ returns the environment that logs a user in. The planner shows its
// certificate; the forecaster's SCRAM is the shorter one; executor and operator
// have their secrets in the environment, the others in files.
func (s *site) environ(user string) []string {
	env := []string{"DROVER_KAFKA_PREFIX=" + prefix, "DROVER_KAFKA_TLS_ENABLED=true", "DROVER_KAFKA_TLS_CA=" + filepath.Join(s.Dir, "ca.pem"),
		"DROVER_KAFKA_ENTITY_PARTITIONS=2", "DROVER_KAFKA_FLEET_PARTITIONS=1",
		"DROVER_REDIS_ADDRESSES=" + s.redis, "DROVER_REDIS_TLS_ENABLED=true", "DROVER_REDIS_TLS_CA=" + filepath.Join(s.Dir, "ca.pem")}
	switch user {
	case stream.Planner:
		id := s.Issue(user)
		env = append(env, "DROVER_KAFKA_BROKERS="+s.kafka.Mutual, "DROVER_KAFKA_TLS_CERT="+id.Cert, "DROVER_KAFKA_TLS_KEY="+id.Key)
	case stream.Executor, stream.Operator:
		env = append(env, "DROVER_KAFKA_BROKERS="+s.kafka.SASL, "DROVER_KAFKA_USER="+user, "DROVER_KAFKA_PASSWORD="+s.secrets[user])
	default:
		env = append(env, "DROVER_KAFKA_BROKERS="+s.kafka.SASL, "DROVER_KAFKA_USER="+user, "DROVER_KAFKA_PASSWORD_FILE="+filepath.Join(s.Dir, user+".secret"))
	}
	if user == stream.Forecaster {
		env = append(env, "DROVER_KAFKA_MECHANISM=SCRAM-SHA-256")
	}
	if secret := s.secrets["redis-"+user]; secret != "" {
		env = append(env, "DROVER_REDIS_USER="+user)
		if user == stream.Executor {
			env = append(env, "DROVER_REDIS_PASSWORD="+secret)
		} else {
			env = append(env, "DROVER_REDIS_PASSWORD_FILE="+filepath.Join(s.Dir, "redis-"+user+".secret"))
		}
	}
	return env
}

// drover runs the operator's command as a user and keeps what it says.
func (s *site) drover(t *testing.T, user string, args ...string) (string, error) {
	t.Helper()
	said, err := run(t, "drover", s.environ(user), args...)
	s.outputs[user+" "+strings.Join(args, " ")] = said
	return said, err
}

// TestServicesWorkWithTheirRightsAndNoMore starts one guarded site and tries
// everything there, since starting takes longest.
func TestServicesWorkWithTheirRightsAndNoMore(t *testing.T) {
	s := newSite(t)
	t.Run("doctor before", s.sick)
	if said, err := s.drover(t, "admin", "topics", "acls", "--grant"); err != nil || !strings.Contains(said, "planner may Write, Describe transactional-id t.planner-*") {
		t.Fatalf("granting: %v\n%s", err, said)
	}
	if said, err := s.drover(t, stream.Operator, "topics", "apply"); err != nil {
		t.Fatalf("the operator makes the topics: %v\n%s", err, said)
	}
	if said, err := s.drover(t, stream.Operator, "topics", "check"); err != nil {
		t.Errorf("the operator checks the topics: %v\n%s", err, said)
	}
	if said, err := s.drover(t, stream.Operator, "topics", "acls", "--grant"); err == nil || !strings.Contains(said, `user "operator" lacks the right ALTER on the cluster`) {
		t.Errorf("the operator grants rights: %v\n%s", err, said)
	}
	t.Run("script", s.script)
	t.Run("services", s.services)
	t.Run("rights", s.rights)
	t.Run("groups", s.groups)
	t.Run("strangers", s.strangers)
	t.Run("secrets", s.silence)
}

// services runs the four services until each has published with its own rights.
func (s *site) services(t *testing.T) {
	every := []string{"--log-level", "debug", "--listen", "127.0.0.1:0"}
	stage := append(slices.Clone(every), "--save-every", "1s")
	running := []*child.Process{
		start(t, stream.Ingest, s.environ(stream.Ingest), append(slices.Clone(every), "--heartbeat", "1s", "--lateness", "1s")...),
		start(t, stream.Forecaster, s.environ(stream.Forecaster), stage...),
		start(t, stream.Planner, s.environ(stream.Planner), stage...),
		start(t, stream.Executor, s.environ(stream.Executor), stage...),
	}
	wanted := map[string]bool{stream.Forecasts: true, stream.Plans: true, stream.Outcomes: true}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for _, p := range running {
		p.Address()
	}
	s.hurry(ctx, t)
	err := s.connect(t, stream.Operator).Tail(ctx, stream.FromStart, func(e stream.Entry) error {
		if _, marker := e.Event.(model.Marker); marker {
			delete(wanted, e.Topic)
		}
		if len(wanted) == 0 {
			return errEnough
		}
		return nil
	}, stream.Forecasts, stream.Plans, stream.Outcomes)
	if !errors.Is(err, errEnough) {
		t.Errorf("no marker came in %v: %v", wanted, err)
	}
	t.Run("doctor", s.sound)
	for _, p := range running {
		ready := p.Get("/readyz")
		if !strings.Contains(ready, `"kafka":"ok"`) || p.Name != stream.Ingest && !strings.Contains(ready, `"redis":"ok"`) {
			t.Errorf("%s is not ready: %s", p.Name, ready)
		}
		s.outputs[p.Name] = ready + p.Get("/metrics") + p.Said()
		if strings.Contains(p.Said(), "lacks") {
			t.Errorf("%s lacks rights:\n%s", p.Name, p.Said())
		}
	}
}

// hurry sends heartbeats of another ingest, whose time runs ahead by five minutes
// a second, so that nobody has to wait for a decision.
func (s *site) hurry(ctx context.Context, t *testing.T) {
	t.Helper()
	p, err := stream.NewProducer(s.connect(t, stream.Ingest))
	if err != nil {
		t.Fatal(err)
	}
	feed, now := ingest.NewFeed("ahead", p), time.Now()
	go func() {
		defer p.Close()
		for ; ctx.Err() == nil; time.Sleep(time.Second) {
			now = now.Add(5 * time.Minute)
			_ = feed.Heartbeat(ctx, model.InstantOf(now), false) // the next one comes soon
		}
	}()
}

var errEnough = errors.New("enough was read")

// connect connects in this process as a user.
func (s *site) connect(t *testing.T, user string) *stream.Connection {
	t.Helper()
	settings := stream.Settings{Brokers: []string{s.kafka.SASL}, Prefix: prefix, TLS: s.Client(), User: user, Password: s.secrets[user]}
	if user == stream.Planner {
		settings.Brokers, settings.TLS, settings.User, settings.Password = []string{s.kafka.Mutual}, s.Client(s.Issue(user)), "", ""
	}
	return s.open(t, settings)
}

func (s *site) open(t *testing.T, settings stream.Settings) *stream.Connection {
	t.Helper()
	registry, err := stream.OpenFileRegistry("", prefix)
	if err != nil {
		t.Fatal(err)
	}
	settings.Registry = registry
	conn, err := stream.Connect(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// silence looks for the secrets in all that was said, also by `config show`.
func (s *site) silence(t *testing.T) {
	for _, user := range []string{stream.Ingest, stream.Executor} {
		for _, format := range []string{"table", "json"} {
			if said, err := s.drover(t, user, "config", "show", "-o", format); err != nil || !strings.Contains(said, "******") {
				t.Errorf("config show: %v\n%s", err, said)
			}
		}
	}
	if len(s.outputs) < 10 {
		t.Errorf("only %d outputs were looked at", len(s.outputs))
	}
	keys, _ := filepath.Glob(filepath.Join(s.Dir, "*.key"))
	secrets := []string{"s3cret"}
	for _, path := range keys {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, strings.Split(string(b), "\n")[1])
	}
	for who, said := range s.outputs {
		for _, secret := range secrets {
			if at := strings.Index(said, secret); at >= 0 {
				t.Errorf("%s lets out a secret: ...%s", who, said[max(0, at-100):min(len(said), at+40)])
			}
		}
	}
}
