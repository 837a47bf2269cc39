// Package config is the one configuration model of all Drover programs: flags
// win over environment variables (DROVER_*), which win over a YAML file, which
// wins over defaults. Every key is listed once, in keys.go; flags, variable
// names, validation and reference documentation follow from that list.
package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// Config is what the services go by.
type Config struct {
	Kafka struct {
		Brokers              []string `koanf:"brokers"`
		Prefix               string   `koanf:"prefix"`
		User                 string   `koanf:"user"`
		Password             string   `koanf:"password"`
		PasswordFile         string   `koanf:"password_file"`
		Mechanism            string   `koanf:"mechanism"`
		Registry             string   `koanf:"registry"`
		RegistryUser         string   `koanf:"registry_user"`
		RegistryPassword     string   `koanf:"registry_password"`
		RegistryPasswordFile string   `koanf:"registry_password_file"`
		TLS                  TLS      `koanf:"tls"`
		Classic              bool     `koanf:"classic_groups"`
		Instance             string   `koanf:"instance"`
		ByKey                int      `koanf:"entity_partitions"`
		ByFleet              int      `koanf:"fleet_partitions"`
		Replication          int      `koanf:"replication"`
	} `koanf:"kafka"`
	Redis struct {
		Addresses    []string `koanf:"addresses"`
		Cluster      bool     `koanf:"cluster"`
		User         string   `koanf:"user"`
		Password     string   `koanf:"password"`
		PasswordFile string   `koanf:"password_file"`
		TLS          TLS      `koanf:"tls"`
	} `koanf:"redis"`
	Data   string `koanf:"data_dir"`
	Listen string `koanf:"listen"`
	Log    struct {
		Level  string `koanf:"level"`
		Format string `koanf:"format"`
	} `koanf:"log"`
	Tracing struct {
		Endpoint   string `koanf:"endpoint"`
		SampledPPM int64  `koanf:"sampled_ppm"`
	} `koanf:"tracing"`
	Interval    time.Duration `koanf:"interval"`
	Beat        time.Duration `koanf:"beat"`
	Horizon     int           `koanf:"horizon"`
	TimeZones   []string      `koanf:"time_zones"`
	SilentAfter time.Duration `koanf:"silent_after"`
	SaveEvery   time.Duration `koanf:"save_every"`
	MaxSeries   int           `koanf:"max_series"`
	Policy      string        `koanf:"policy"`
	Driver      string        `koanf:"driver"`
	Drivers     string        `koanf:"drivers"`
	Simulator   struct {
		FailuresPPM int64 `koanf:"failures_ppm"`
	} `koanf:"simulator"`
	Seed  int64 `koanf:"seed"`
	Refit struct {
		Every      time.Duration `koanf:"every"`
		Age        time.Duration `koanf:"age"`
		Operations int64         `koanf:"operations"`
	} `koanf:"refit"`
	Planning struct {
		Approval    bool   `koanf:"approval"`
		DryRun      bool   `koanf:"dry_run"`
		Evaluations int64  `koanf:"evaluations"`
		Policies    string `koanf:"policies"`
	} `koanf:"planning"`
	Web struct {
		Access   string `koanf:"access"`
		TLSCert  string `koanf:"tls_cert"`
		TLSKey   string `koanf:"tls_key"`
		ClientCA string `koanf:"client_ca"`
	} `koanf:"web"`
	Ingest struct {
		Producer    string        `koanf:"producer"`
		Heartbeat   time.Duration `koanf:"heartbeat"`
		Lateness    time.Duration `koanf:"lateness"`
		Clock       string        `koanf:"clock"`
		Credentials string        `koanf:"credentials"`
		Fleet       string        `koanf:"fleet"`
		GRPCListen  string        `koanf:"grpc_listen"`
		TLS         struct {
			Cert     string `koanf:"cert"`
			Key      string `koanf:"key"`
			ClientCA string `koanf:"client_ca"`
		} `koanf:"tls"`
		Mappings   []string `koanf:"mappings"`
		Targets    string   `koanf:"targets"`
		Kubernetes struct {
			Kubeconfig   string        `koanf:"kubeconfig"`
			Context      string        `koanf:"context"`
			MetricsEvery time.Duration `koanf:"metrics_every"`
		} `koanf:"kubernetes"`
		MaxBodyBytes int64 `koanf:"max_body_bytes"`
	} `koanf:"ingest"`
}

// TLS names the files of an encrypted connection; all empty and Enabled false
// means plain.
type TLS struct {
	Enabled bool   `koanf:"enabled"`
	CA      string `koanf:"ca"`
	Cert    string `koanf:"cert"`
	Key     string `koanf:"key"`
}

// Load merges the sources. flags may be nil; file may be empty. environ is as
// os.Environ returns it.
func Load(flags *pflag.FlagSet, environ []string, path string) (*Config, error) {
	k := koanf.New(".")
	defaults := map[string]any{}
	for _, key := range Keys() {
		defaults[key.Name] = key.Default
	}
	if err := k.Load(confmap.Provider(defaults, "."), nil); err != nil {
		return nil, fmt.Errorf("defaults: %w", err)
	}
	if path != "" {
		if err := loadFile(k, path); err != nil {
			return nil, err
		}
	}
	if err := loadEnvironment(k, environ); err != nil {
		return nil, err
	}
	if flags != nil {
		if err := loadFlags(k, flags); err != nil {
			return nil, err
		}
	}
	var c Config
	if err := k.Unmarshal("", &c); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if err := c.readSecrets(); err != nil {
		return nil, err
	}
	return &c, c.Validate()
}

func loadFile(k *koanf.Koanf, path string) error {
	f := koanf.New(".")
	if err := f.Load(file.Provider(path), yaml.Parser()); err != nil {
		return fmt.Errorf("configuration file %s: %w", path, err)
	}
	for _, name := range f.Keys() {
		if _, ok := find(name); !ok {
			return fmt.Errorf("configuration file %s: key %q is unknown%s", path, name, suggestion(name))
		}
	}
	if err := k.Merge(f); err != nil {
		return fmt.Errorf("configuration file %s: %w", path, err)
	}
	return nil
}

func loadEnvironment(k *koanf.Koanf, environ []string) error {
	set := map[string]any{}
	for _, pair := range environ {
		variable, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(variable, envPrefix) {
			continue
		}
		key, ok := findVariable(variable)
		if !ok {
			if meant := misspelt(variable); meant != "" {
				return fmt.Errorf("environment variable %s: no such key; did you mean %s?", variable, meant)
			}
			continue // scripts and tests have variables of their own
		}
		v, err := key.parse(value)
		if err != nil {
			return fmt.Errorf("environment variable %s: %w", variable, err)
		}
		set[key.Name] = v
	}
	if err := k.Load(confmap.Provider(set, "."), nil); err != nil {
		return fmt.Errorf("environment: %w", err)
	}
	return nil
}

func loadFlags(k *koanf.Koanf, flags *pflag.FlagSet) error {
	set := map[string]any{}
	for _, key := range Keys() {
		f := flags.Lookup(key.Flag)
		if f == nil || !f.Changed {
			continue
		}
		v, err := key.parse(f.Value.String())
		if err != nil {
			return fmt.Errorf("flag --%s: %w", key.Flag, err)
		}
		set[key.Name] = v
	}
	if err := k.Load(confmap.Provider(set, "."), nil); err != nil {
		return fmt.Errorf("flags: %w", err)
	}
	return nil
}

// readSecrets takes passwords from the files that are named.
func (c *Config) readSecrets() error {
	for _, s := range []struct {
		key, path string
		to        *string
	}{{"kafka.password_file", c.Kafka.PasswordFile, &c.Kafka.Password}, {"kafka.registry_password_file", c.Kafka.RegistryPasswordFile, &c.Kafka.RegistryPassword},
		{"redis.password_file", c.Redis.PasswordFile, &c.Redis.Password}} {
		if s.path == "" {
			continue
		}
		b, err := os.ReadFile(s.path)
		if err != nil {
			return fmt.Errorf("%s: %w", s.key, err)
		}
		*s.to = strings.TrimRight(string(b), "\r\n")
	}
	return nil
}

// Validate checks what can be checked without a connection; errors name the key.
func (c *Config) Validate() error {
	oneOf := func(key, value string, allowed ...string) error {
		if !slices.Contains(allowed, value) {
			return fmt.Errorf("%s: %q: want %s", key, value, strings.Join(allowed, ", "))
		}
		return nil
	}
	switch {
	case c.Interval <= 0:
		return fmt.Errorf("interval: %v: must be above zero", c.Interval)
	case c.Beat <= 0 || c.Interval%c.Beat != 0:
		return fmt.Errorf("beat: %v: must divide the interval %v", c.Beat, c.Interval)
	case c.Horizon < 1:
		return fmt.Errorf("horizon: %d: want at least one step", c.Horizon)
	case c.MaxSeries < 1:
		return fmt.Errorf("max_series: %d: must be above zero", c.MaxSeries)
	case c.Ingest.Heartbeat <= 0 || c.Ingest.Lateness < 0:
		return fmt.Errorf("ingest.heartbeat: %v and ingest.lateness: %v: want more than zero and zero or more", c.Ingest.Heartbeat, c.Ingest.Lateness)
	case (c.Ingest.TLS.Cert == "") != (c.Ingest.TLS.Key == ""):
		return fmt.Errorf("ingest.tls.cert: %q and ingest.tls.key: %q: want both or neither", c.Ingest.TLS.Cert, c.Ingest.TLS.Key)
	case c.Ingest.TLS.ClientCA != "" && c.Ingest.TLS.Cert == "":
		return errors.New("ingest.tls.client_ca: client certificates need ingest.tls.cert and ingest.tls.key")
	case c.Ingest.MaxBodyBytes < 1:
		return fmt.Errorf("ingest.max_body_bytes: %d: must be above zero", c.Ingest.MaxBodyBytes)
	case (c.Web.TLSCert == "") != (c.Web.TLSKey == ""):
		return fmt.Errorf("web.tls_cert and web.tls_key: give both or none")
	case c.Web.ClientCA != "" && c.Web.TLSCert == "":
		return fmt.Errorf("web.client_ca: client certificates need web.tls_cert and web.tls_key")
	case c.Simulator.FailuresPPM < 0 || c.Simulator.FailuresPPM > 1_000_000:
		return fmt.Errorf("simulator.failures_ppm: %d: want 0 to 1000000", c.Simulator.FailuresPPM)
	case c.Tracing.SampledPPM < 0 || c.Tracing.SampledPPM > 1_000_000:
		return fmt.Errorf("tracing.sampled_ppm: %d: want 0 to 1000000", c.Tracing.SampledPPM)
	case hasLogin(c.Kafka.Registry): // the URL stands in logs and errors
		return errors.New("kafka.registry: no user or password in the URL: use kafka.registry_user and kafka.registry_password_file")
	case c.Kafka.ByKey < 1 || c.Kafka.ByFleet < 1:
		return fmt.Errorf("kafka.entity_partitions: %d and kafka.fleet_partitions: %d: want at least one", c.Kafka.ByKey, c.Kafka.ByFleet)
	}
	for _, err := range []error{
		oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error"),
		oneOf("log.format", c.Log.Format, "text", "json"),
		oneOf("policy", c.Policy, "scenarios", "consolidate", "none"),
		oneOf("driver", c.Driver, "simulator", "vm-simulator", "none"),
		oneOf("ingest.clock", c.Ingest.Clock, "wall", "sender"),
		oneOf("kafka.mechanism", c.Kafka.Mechanism, "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func hasLogin(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.User != nil
}

const envPrefix = "DROVER_"
