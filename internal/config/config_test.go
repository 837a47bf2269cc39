package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "drover.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlagsWinOverEnvironmentOverFileOverDefaults(t *testing.T) {
	path := write(t, "kafka:\n  brokers: [file:1]\n  prefix: file.\n  user: file\ninterval: 10m\nbeat: 1m\n")
	flags := pflag.NewFlagSet("t", pflag.ContinueOnError)
	Register(flags, "kafka", "interval")
	if err := flags.Parse([]string{"--brokers", "flag:1, flag:2"}); err != nil {
		t.Fatal(err)
	}
	c, err := Load(flags, []string{"DROVER_KAFKA_BROKERS=env:1", "DROVER_KAFKA_PREFIX=env.", "PATH=/bin"}, path)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"flag:1", "flag:2"}; !reflect.DeepEqual(c.Kafka.Brokers, want) {
		t.Errorf("brokers %v, want the flag's %v", c.Kafka.Brokers, want)
	}
	if c.Kafka.Prefix != "env." || c.Kafka.User != "file" || c.Log.Level != "info" || c.Interval != 10*time.Minute {
		t.Errorf("prefix %q, user %q, level %q, interval %v", c.Kafka.Prefix, c.Kafka.User, c.Log.Level, c.Interval)
	}
}

func TestErrorsNameTheKey(t *testing.T) {
	cases := []struct {
		name, file, variable, want string
	}{
		{"unknown key", "kafka:\n  broker: [a]\n", "", `"kafka.broker" is unknown; did you mean "kafka.brokers"`},
		{"unknown variable", "", "DROVER_KAFKA_BROKER=1", "did you mean DROVER_KAFKA_BROKERS"},
		{"bad duration", "", "DROVER_INTERVAL=soon", "interval"},
		{"bad number", "", "DROVER_HORIZON=x", "horizon"},
		{"beat", "interval: 5m\nbeat: 2m\n", "", "beat"},
		{"level", "log:\n  level: loud\n", "", "log.level"},
		{"a secret in a URL", "kafka:\n  registry: https://me:hunter2@registry\n", "", "kafka.registry_password_file"},
		{"policy", "policy: guess\n", "", "policy"},
		{"secret file", "kafka:\n  password_file: /nowhere/at/all\n", "", "kafka.password_file"},
		{"no YAML", ":\n-", "", "configuration file"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := ""
			if c.file != "" {
				path = write(t, c.file)
			}
			var environ []string
			if c.variable != "" {
				environ = []string{c.variable}
			}
			_, err := Load(nil, environ, path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v does not say %q", err, c.want)
			}
		})
	}
}

func TestSecretsComeFromFilesAndAreNotShown(t *testing.T) {
	secret := write(t, "hunter2\n")
	c, err := Load(nil, []string{"DROVER_REDIS_PASSWORD_FILE=" + secret, "DROVER_KAFKA_REGISTRY_PASSWORD_FILE=" + secret}, "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Redis.Password != "hunter2" || c.Kafka.RegistryPassword != "hunter2" {
		t.Errorf("passwords %q and %q, want the file's", c.Redis.Password, c.Kafka.RegistryPassword)
	}
	for _, s := range c.Show() {
		if strings.Contains(s.Value, "hunter2") {
			t.Errorf("%s shows the secret", s.Name)
		}
	}
}

func TestEveryKeyHasAFieldAFlagAndAVariableOfItsOwn(t *testing.T) {
	c, err := Load(nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	flatten(reflect.ValueOf(*c), "", values)
	flags, variables := map[string]bool{}, map[string]bool{}
	for _, k := range Keys() {
		if _, ok := values[k.Name]; !ok {
			t.Errorf("%s has no field", k.Name)
		}
		delete(values, k.Name)
		if flags[k.Flag] || variables[k.Variable()] || k.Help == "" {
			t.Errorf("%s: flag %s or variable %s is taken, or help is missing", k.Name, k.Flag, k.Variable())
		}
		flags[k.Flag], variables[k.Variable()] = true, true
	}
	if len(values) > 0 {
		t.Errorf("fields without a key: %v", values)
	}
}
