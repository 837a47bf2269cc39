package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Key is one setting. Its environment variable is DROVER_ and the name in
// capitals with underscores for dots.
type Key struct {
	Name    string // in the file, dots for nesting
	Flag    string
	Default any // string, int, int64, bool, time.Duration or []string
	Help    string
	Secret  bool
}

// Keys lists every setting.
func Keys() []Key {
	return []Key{
		{Name: "kafka.brokers", Flag: "brokers", Default: []string{}, Help: "host:port of some Kafka brokers"},
		{Name: "kafka.prefix", Flag: "prefix", Default: "drover.", Help: "stands before every topic's and group's name"},
		{Name: "kafka.user", Flag: "kafka-user", Default: "", Help: "SASL user; empty: none"},
		{Name: "kafka.password", Flag: "kafka-password", Default: "", Help: "SASL password; better from a file or the environment", Secret: true},
		{Name: "kafka.password_file", Flag: "kafka-password-file", Default: "", Help: "file that holds the SASL password"},
		{Name: "kafka.mechanism", Flag: "kafka-mechanism", Default: "SCRAM-SHA-512", Help: "SASL mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"},
		{Name: "kafka.registry", Flag: "registry", Default: "", Help: "URL of a Confluent-compatible schema registry; empty: schemas are kept in the data directory"},
		{Name: "kafka.registry_user", Flag: "registry-user", Default: "", Help: "the registry's user (basic authentication); empty: none"},
		{Name: "kafka.registry_password", Flag: "registry-password", Default: "", Help: "the registry's password; better from a file or the environment", Secret: true},
		{Name: "kafka.registry_password_file", Flag: "registry-password-file", Default: "", Help: "file that holds the registry's password"},
		{Name: "kafka.tls.enabled", Flag: "kafka-tls", Default: false, Help: "talk TLS to Kafka"},
		{Name: "kafka.tls.ca", Flag: "kafka-tls-ca", Default: "", Help: "PEM file of the authority that signed the brokers' certificates"},
		{Name: "kafka.tls.cert", Flag: "kafka-tls-cert", Default: "", Help: "PEM file of our certificate (mutual TLS)"},
		{Name: "kafka.tls.key", Flag: "kafka-tls-key", Default: "", Help: "PEM file of our key (mutual TLS)"},
		{Name: "kafka.classic_groups", Flag: "classic-groups", Default: false, Help: "use the classic group protocol instead of KIP-848"},
		{Name: "kafka.instance", Flag: "instance", Default: "", Help: "static group member's name: a quick restart under the same name moves no partition"},
		{Name: "kafka.entity_partitions", Flag: "entity-partitions", Default: 6, Help: "partitions of metrics, calls and paths"},
		{Name: "kafka.fleet_partitions", Flag: "fleet-partitions", Default: 3, Help: "partitions of the topics that are parted by fleet"},
		{Name: "kafka.replication", Flag: "replication", Default: -1, Help: "replicas of each topic; -1: the broker's default"},
		{Name: "redis.addresses", Flag: "redis", Default: []string{}, Help: "host:port of Redis; several: nodes of a cluster"},
		{Name: "redis.cluster", Flag: "redis-cluster", Default: false, Help: "the one address is a cluster's"},
		{Name: "redis.user", Flag: "redis-user", Default: "", Help: "ACL user; empty: the default user"},
		{Name: "redis.password", Flag: "redis-password", Default: "", Help: "password; better from a file or the environment", Secret: true},
		{Name: "redis.password_file", Flag: "redis-password-file", Default: "", Help: "file that holds the password"},
		{Name: "redis.tls.enabled", Flag: "redis-tls", Default: false, Help: "talk TLS to Redis"},
		{Name: "redis.tls.ca", Flag: "redis-tls-ca", Default: "", Help: "PEM file of the authority that signed Redis' certificate"},
		{Name: "redis.tls.cert", Flag: "redis-tls-cert", Default: "", Help: "PEM file of our certificate"},
		{Name: "redis.tls.key", Flag: "redis-tls-key", Default: "", Help: "PEM file of our key"},
		{Name: "data_dir", Flag: "data", Default: "", Help: "directory for what is kept locally; empty: a temporary one"},
		{Name: "listen", Flag: "listen", Default: "127.0.0.1:8080", Help: "address that the program listens on; port 0 picks a free one"},
		{Name: "log.level", Flag: "log-level", Default: "info", Help: "debug, info, warn or error"},
		{Name: "log.format", Flag: "log-format", Default: "text", Help: "text or json"},
		{Name: "tracing.endpoint", Flag: "tracing-endpoint", Default: "", Help: "OTLP/HTTP receiver of spans, such as http://127.0.0.1:4318; empty: none are recorded; headers come from OTEL_EXPORTER_OTLP_HEADERS"},
		{Name: "tracing.sampled_ppm", Flag: "tracing-sampled-ppm", Default: int64(10_000), Help: "how many of a million traces that begin at ingest are recorded; one that a sender began says so itself"},
		{Name: "interval", Flag: "interval", Default: 5 * time.Minute, Help: "event time between two decisions; the same for all services"},
		{Name: "beat", Flag: "beat", Default: 30 * time.Second, Help: "event time between two beats of the executor; divides the interval"},
		{Name: "horizon", Flag: "horizon", Default: 36, Help: "steps of five minutes that are forecast"},
		{Name: "time_zones", Flag: "time-zones", Default: []string{}, Help: "wall clocks that daily and weekly seasons go by: ZONE, FLEET=ZONE, FLEET/app:NAME=ZONE or FLEET/server:NAME=ZONE, such as Europe/Berlin; the narrowest holds (default: UTC)"},
		{Name: "refit.every", Flag: "refit-every", Default: time.Hour, Help: "event time between two rounds of fitting models to the history of many series; 0: never"},
		{Name: "refit.age", Flag: "refit-age", Default: 24 * time.Hour, Help: "age at which what fitted models expect of a series is due for another fit"},
		{Name: "refit.operations", Flag: "refit-operations", Default: int64(2_000_000_000), Help: "a round's budget on one partition, in additions and multiplications: the most wrong series that fit into it are fitted (about 1,000)"},
		{Name: "silent_after", Flag: "silent-after", Default: 10 * time.Minute, Help: "how far behind the others a producer's heartbeat may lie before it no longer counts"},
		{Name: "save_every", Flag: "save-every", Default: 10 * time.Second, Help: "how often forecasters save their state"},
		{Name: "max_series", Flag: "max-series", Default: 2_000_000, Help: "series that a forecaster keeps of one partition, some 9 KB each; records that would bring more are dead-lettered"},
		{Name: "policy", Flag: "policy", Default: "scenarios", Help: "how plans are made: scenarios, consolidate or none"},
		{Name: "driver", Flag: "driver", Default: "simulator", Help: "what performs steps: simulator, vm-simulator (live migrations at 62.5 MB/s, nothing else takes time) or none"},
		{Name: "drivers", Flag: "drivers", Default: "", Help: "JSON file of the drivers that move real things (docs/executor.md); empty: steps are simulated"},
		{Name: "simulator.failures_ppm", Flag: "simulator-failures-ppm", Default: int64(0), Help: "how many of a million simulated steps fail, to see roll-backs"},
		{Name: "seed", Flag: "seed", Default: int64(1), Help: "seed of searches and simulations"},
		{Name: "planning.approval", Flag: "approval", Default: false, Help: "plans wait for a person"},
		{Name: "planning.dry_run", Flag: "dry-run", Default: false, Help: "plans are published and not carried out"},
		{Name: "planning.evaluations", Flag: "evaluations", Default: int64(200_000), Help: "the solver's budget for a decision, in moves priced"},
		{Name: "planning.policies", Flag: "policies", Default: "", Help: "YAML file of planning policies by fleet: mode, own futures, prices, guard rails; empty: none"},
		{Name: "ingest.producer", Flag: "producer", Default: "", Help: "this ingest's name in heartbeats; empty: the host's"},
		{Name: "ingest.heartbeat", Flag: "heartbeat", Default: 5 * time.Second, Help: "time between two heartbeats"},
		{Name: "ingest.lateness", Flag: "lateness", Default: 10 * time.Second, Help: "how long records may be under way before they are late"},
		{Name: "ingest.clock", Flag: "clock", Default: "wall", Help: "what event time goes by: wall (this machine's clock) or sender (POST /v1/heartbeat on loopback, for recordings and simulations)"},
		{Name: "ingest.credentials", Flag: "credentials", Default: "", Help: "file of producers' tokens with their fleets and limits; without it only loopback may send"},
		{Name: "web.access", Flag: "access", Default: "", Help: "file of who may use the HTTP API and in which role; without it only this machine may"},
		{Name: "web.tls_cert", Flag: "web-tls-cert", Default: "", Help: "PEM file of the API's and console's certificate; empty: plain HTTP"},
		{Name: "web.tls_key", Flag: "web-tls-key", Default: "", Help: "PEM file of its key"},
		{Name: "web.client_ca", Flag: "web-client-ca", Default: "", Help: "PEM file of the authority that signs users' certificates (mutual TLS)"},
		{Name: "ingest.fleet", Flag: "fleet", Default: "default", Help: "fleet of producers without a token"},
		{Name: "ingest.grpc_listen", Flag: "grpc-listen", Default: "", Help: "address for OTLP over gRPC, such as 127.0.0.1:4317; empty: none"},
		{Name: "ingest.tls.cert", Flag: "tls-cert", Default: "", Help: "PEM file of the doors' certificate; empty: plain HTTP and gRPC"},
		{Name: "ingest.tls.key", Flag: "tls-key", Default: "", Help: "PEM file of the doors' key"},
		{Name: "ingest.tls.client_ca", Flag: "tls-client-ca", Default: "", Help: "PEM file of the authority whose client certificates are credentials (mutual TLS)"},
		{Name: "ingest.mappings", Flag: "mapping", Default: []string{}, Help: "mapping files for metric names, tried before the shipped ones"},
		{Name: "ingest.targets", Flag: "targets", Default: "", Help: "file of pages to scrape and calendars to poll; empty: none"},
		{Name: "ingest.kubernetes.kubeconfig", Flag: "kubernetes", Default: "", Help: "discover the fleet from this cluster: a kubeconfig file, or in-cluster; empty: none (docs/kubernetes.md)"},
		{Name: "ingest.kubernetes.context", Flag: "kubernetes-context", Default: "", Help: "context of the kubeconfig file; empty: its current one"},
		{Name: "ingest.kubernetes.metrics_every", Flag: "kubernetes-metrics-every", Default: 30 * time.Second, Help: "time between two readings of the cluster's metrics API; 0: none"},
		{Name: "ingest.max_body_bytes", Flag: "max-body-bytes", Default: int64(16 << 20), Help: "largest body of a request, as sent and unpacked"},
	}
}

// Variable returns the key's environment variable.
func (k Key) Variable() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// Register adds flags for the keys whose names begin with one of the prefixes.
func Register(flags *pflag.FlagSet, prefixes ...string) {
	for _, key := range Keys() {
		for _, p := range prefixes {
			if key.Name == p || strings.HasPrefix(key.Name, p+".") {
				key.register(flags)
			}
		}
	}
}

func (k Key) register(flags *pflag.FlagSet) {
	switch d := k.Default.(type) {
	case string:
		flags.String(k.Flag, d, k.Help)
	case int:
		flags.Int(k.Flag, d, k.Help)
	case int64:
		flags.Int64(k.Flag, d, k.Help)
	case bool:
		flags.Bool(k.Flag, d, k.Help)
	case time.Duration:
		flags.Duration(k.Flag, d, k.Help)
	case []string:
		flags.String(k.Flag, strings.Join(d, ","), k.Help)
	}
}

// parse reads a text as the key's type.
func (k Key) parse(text string) (any, error) {
	wrap := func(v any, err error) (any, error) {
		if err != nil {
			return nil, fmt.Errorf("%s: %q: want %s", k.Name, text, k.typeName())
		}
		return v, nil
	}
	switch k.Default.(type) {
	case int:
		v, err := strconv.Atoi(text)
		return wrap(v, err)
	case int64:
		v, err := strconv.ParseInt(text, 10, 64)
		return wrap(v, err)
	case bool:
		v, err := strconv.ParseBool(text)
		return wrap(v, err)
	case time.Duration:
		v, err := time.ParseDuration(text)
		return wrap(v, err)
	case []string:
		var list []string
		for _, s := range strings.Split(text, ",") {
			if s = strings.TrimSpace(s); s != "" {
				list = append(list, s)
			}
		}
		return list, nil
	}
	return text, nil
}

func (k Key) typeName() string {
	switch k.Default.(type) {
	case int, int64:
		return "a whole number"
	case bool:
		return "true or false"
	case time.Duration:
		return "a duration such as 30s or 5m"
	}
	return "a text"
}

func find(name string) (Key, bool) {
	for _, k := range Keys() {
		if k.Name == name {
			return k, true
		}
	}
	return Key{}, false
}

func findVariable(variable string) (Key, bool) {
	for _, k := range Keys() {
		if k.Variable() == variable {
			return k, true
		}
	}
	return Key{}, false
}

// suggestion names the key that looks most like an unknown one.
func suggestion(name string) string {
	best, distance := "", 4
	for _, k := range Keys() {
		if d := editDistance(name, k.Name); d < distance {
			best, distance = k.Name, d
		}
	}
	if best == "" {
		return "; `drover config keys` lists them"
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// misspelt returns the variable that an unknown one is almost certainly meant to
// be; empty: none.
func misspelt(variable string) string {
	for _, k := range Keys() {
		if editDistance(variable, k.Variable()) <= 2 {
			return k.Variable()
		}
	}
	return ""
}

// editDistance is Levenshtein's, by the two-row method of Wagner and Fischer.
func editDistance(a, b string) int {
	before, now := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range before {
		before[j] = j
	}
	for i := range len(a) {
		now[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(before[j+1]+1, now[j]+1, before[j]+cost)
		}
		before, now = now, before
	}
	return before[len(b)]
}
