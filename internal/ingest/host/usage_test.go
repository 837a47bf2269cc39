package host

import (
	"fmt"
	"strings"
	"testing"

	"drover/internal/model"
)

func rulesOf(t *testing.T, text string) *ProcessRules {
	t.Helper()
	r, err := ReadProcessRules([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const someRules = `applications:
- {app: "", command: node_exporter}
- {app: db, command: "postgres|postmaster"}
- {app: "${1}", arguments: '-jar \S*/([a-z]+)\.jar'}
- {app: "${name}", cgroup: "/docker/(?P<name>[a-z]+)"}
- {app: "both", command: nginx, cgroup: "/edge"}
`

func TestApplicationOfAProcess(t *testing.T) {
	rules := rulesOf(t, someRules)
	for _, c := range []struct {
		p    Process
		want string
	}{
		{Process{Command: "postgres"}, "db"},
		{Process{Command: "postgres-old"}, ""},
		{Process{Command: "java", Arguments: "java -Xmx1g -jar /opt/cart.jar --port 1"}, "cart"},
		{Process{Command: "x", Cgroup: "/docker/web"}, "web"},
		{Process{Command: "nginx", Cgroup: "/edge/1"}, "both"},
		{Process{Command: "nginx", Cgroup: "/other"}, ""},
		{Process{Command: "redis-server", Cgroup: "/system.slice/redis-server.service"}, "redis-server"},
		{Process{Command: "redis-server", Cgroup: "/system.slice/system-redis.slice/redis@7.service"}, "redis@7"},
		{Process{Command: "cron", Cgroup: "/system.slice/cron.service"}, ""},
		{Process{Command: "node_exporter", Cgroup: "/system.slice/node_exporter.service"}, ""},
		{Process{Command: "bash", Cgroup: "/user.slice/user-1000.slice/session-1.scope"}, ""},
	} {
		got, ok := rules.Application(&c.p)
		if string(got) != c.want && (ok || c.want != "") || ok != (c.want != "") {
			t.Errorf("%+v belongs to %q, %v: want %q", c.p, got, ok, c.want)
		}
	}
}

func TestProcessRulesFaults(t *testing.T) {
	for text, want := range map[string]string{
		"applications: [{app: a}]":                     "applications[0]: want command",
		"applications: [{app: a, command: '('}]":       "command",
		"applications: [{app: a, cgroup: '['}]":        "cgroup",
		"applications: [{name: a, command: x}]":        "name",
		"applications: [{app: a, arguments: '(?P<'}] ": "arguments",
	} {
		if _, err := ReadProcessRules([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// show writes metrics as lines of resources and values.
func show(list []model.Metric) string {
	var b strings.Builder
	for _, m := range list {
		fmt.Fprintf(&b, "%s", m.Entity)
		for _, s := range m.Samples {
			kind := ""
			if s.Kind == model.Counter {
				kind = "+"
			}
			fmt.Fprintf(&b, " %v%s=%v", s.Resource, kind, s.Value)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestUsageOfProcessesThatComeAndGo(t *testing.T) {
	u := NewUsage("h1", rulesOf(t, someRules))
	db := func(id int32, started int64, cpu float64) Process {
		return Process{ID: id, Started: started, Command: "postgres", CPUSeconds: cpu, MemoryBytes: 100}
	}
	for i, step := range []struct {
		processes []Process
		want      string
	}{
		{[]Process{db(1, 10, 5), db(2, 20, 1)}, "app:db cpu+=6000 memory=200\n"},
		{[]Process{db(1, 10, 7), db(2, 20, 1)}, "app:db cpu+=8000 memory=200\n"},
		// One ends, another takes its number.
		{[]Process{db(1, 10, 7), db(2, 90, 0.5)}, "app:db cpu+=8500 memory=200\n"},
		// All end: the counter stays.
		{nil, "app:db cpu+=8500 memory=0\n"},
		// A restart counts from nothing on top.
		{[]Process{db(3, 99, 2)}, "app:db cpu+=10500 memory=100\n"},
	} {
		if got := show(u.Look(step.processes, model.Instant(i))); got != step.want {
			t.Errorf("look %d: got %s, want %s", i, got, step.want)
		}
	}
}

func TestUsageOfNetworks(t *testing.T) {
	u := NewUsage("h1", rulesOf(t, someRules))
	in := func(command, cgroup, network string, receive float64) Process {
		return Process{ID: int32(len(command) + len(cgroup)), Command: command, Cgroup: cgroup, Network: network, Receive: receive, Transmit: 2 * receive}
	}
	u.Look([]Process{in("a", "/docker/web", "n1", 10), in("b", "/docker/web", "n1", 10), in("postgres", "", "", 0)}, 0)
	got := show(u.Look([]Process{in("a", "/docker/web", "n1", 15), in("b", "/docker/web", "n1", 15), in("postgres", "", "", 0)}, 1))
	if want := "app:db cpu+=0 memory=0\napp:web cpu+=0 memory=0 receive+=15 transmit+=30\n"; got != want {
		t.Errorf("one network for two processes: got %s, want %s", got, want)
	}
	// Another application in the same network: its bytes are nobody's.
	got = show(u.Look([]Process{in("a", "/docker/web", "n1", 50), in("postgres", "", "n1", 50)}, 2))
	if want := "app:db cpu+=0 memory=0\napp:web cpu+=0 memory=0 receive+=15 transmit+=30\n"; got != want {
		t.Errorf("a shared network: got %s, want %s", got, want)
	}
}
