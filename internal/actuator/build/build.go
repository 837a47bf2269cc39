package build

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/envoy"
	"drover/internal/actuator/exec"
	"drover/internal/actuator/files"
	"drover/internal/actuator/guard"
	"drover/internal/actuator/haproxy"
	"drover/internal/actuator/kubernetes"
	"drover/internal/actuator/postgres"
	"drover/internal/actuator/process"
	"drover/internal/actuator/qemu"
	"drover/internal/actuator/redis"
	"drover/internal/actuator/update"
	"drover/internal/actuator/webhook"
	cluster "drover/internal/kubernetes"
	"drover/internal/model"
)

// Set makes the drivers of a configuration, and the supervisor of their
// processes.
func Set(c *Config) (*actuator.Set, *process.Supervisor, error) {
	supervisor := &process.Supervisor{State: c.State}
	// Where limits can't be set, processes run without: Start says so.
	supervisor.Cgroups, _ = process.FindCgroups("/sys/fs/cgroup")
	if c.State != "" {
		if err := os.MkdirAll(c.State, 0o755); err != nil {
			return nil, nil, fmt.Errorf("drivers: %w", err)
		}
	}
	set := &actuator.Set{Default: c.Default, Drivers: make(map[string]actuator.Driver, len(c.Drivers))}
	for _, name := range slices.Sorted(maps.Keys(c.Drivers)) {
		d := c.Drivers[name]
		d.here = c.Host
		driver, err := c.driver(&d, supervisor)
		if err != nil {
			return nil, nil, fmt.Errorf("driver %q: %w", name, err)
		}
		set.Drivers[name] = driver
	}
	if _, ok := set.Drivers[c.Default]; !ok && c.Default != "" {
		return nil, nil, fmt.Errorf("drivers: the default %q isn't among them", c.Default)
	}
	return set, supervisor, nil
}

// Remember puts a guard with a journal of its own before every driver that
// doesn't fence by itself, for an executor that performs commands in its own
// process. An empty folder remembers for as long as the process lives. What is
// returned closes the journals.
func Remember(set *actuator.Set, folder string) (func() error, error) {
	var journals []*guard.Journal
	closeAll := func() error {
		var err error
		for _, j := range journals {
			err = errors.Join(err, j.Close())
		}
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(set.Drivers)) {
		driver := set.Drivers[name]
		if driver.Capabilities().Fences {
			continue
		}
		journal := guard.NewMemory()
		if folder != "" {
			var err error
			if journal, err = guard.Open(filepath.Join(folder, name+".journal")); err != nil {
				return nil, errors.Join(err, closeAll())
			}
			journals = append(journals, journal)
		}
		set.Drivers[name] = guard.NewLocal(driver, journal)
	}
	return closeAll, nil
}

// driver makes one driver.
func (c *Config) driver(d *Driver, s *process.Supervisor) (actuator.Driver, error) {
	switch d.Kind {
	case "exec":
		return exec.New(exec.Program{Argv: d.Argv}), need("argv", len(d.Argv) > 0)
	case "webhook":
		return webhook.New(webhook.Endpoint{URL: d.URL}), need("url", d.URL != "")
	case "agent":
		return newAgents(d)
	case "update":
		return &update.Driver{Hooks: d.Hooks}, need("hooks", len(d.Hooks) > 0)
	case "kubernetes":
		return d.cluster()
	case "qemu":
		return qemu.New(qemu.Config{Locate: d.guest, Supervisor: s, BandwidthBytesPerSecond: d.BandwidthBytesPerSecond,
			Downtime: time.Duration(d.Pause), Stuck: time.Duration(d.Stuck), Throttle: d.Throttle}), need("state", c.State != "")
	}
	address, ok := c.Proxies[d.Proxy]
	if !ok {
		return nil, fmt.Errorf("there is no proxy %q", d.Proxy)
	}
	proxy := traffic(address)
	if err := need("state", c.State != ""); err != nil {
		return nil, err
	}
	switch d.Kind {
	case "redis":
		host := &redis.LocalHost{Supervisor: s, Locate: d.redis, Folder: d.folder}
		return redis.New(redis.Config{Locate: d.redis, Traffic: proxy, Host: host, Pause: time.Duration(d.Pause)}), nil
	case "postgres":
		host := &postgres.LocalHost{Supervisor: s, User: d.UserID, Group: d.GroupID, Programs: d.Programs}
		return postgres.New(postgres.Config{Locate: d.postgres, Traffic: proxy, Host: host, Close: time.Duration(d.Pause)}), nil
	case "files":
		return files.New(files.Config{Locate: d.files, Traffic: proxy, Supervisor: s}), nil
	case "process":
		return process.New(process.Config{Locate: d.process, Traffic: proxy, Runner: s, Log: c.Log}), nil
	case "containerd":
		runtime, err := d.containers(c.State, s.Cgroups == nil)
		return process.New(process.Config{Locate: d.container, Traffic: proxy, Runner: runtime, Log: c.Log}), err
	}
	return nil, fmt.Errorf("kind %q: want redis, postgres, files, process, containerd, kubernetes, qemu, agent, exec, webhook or update", d.Kind)
}

// cluster makes the driver of a Kubernetes cluster.
func (d *Driver) cluster() (actuator.Driver, error) {
	if err := need("kubeconfig", d.Kubeconfig != ""); err != nil {
		return nil, err
	}
	client, err := cluster.Connect(d.Kubeconfig, d.Context)
	if err != nil {
		return nil, err
	}
	return kubernetes.New(kubernetes.Config{Client: client, Namespaces: d.Namespaces, HoldImage: d.HoldImage}), nil
}

// guest says how a virtual machine is run on a server.
func (d *Driver) guest(m model.Move, server model.ServerID) (qemu.Place, error) {
	p, err := d.place(m.Replica, server)
	if err == nil && (p.Address == "" || p.Incoming == "") {
		err = fmt.Errorf("replica %q on server %q: want address (of the monitor) and incoming", m.Replica, server)
	}
	// The guest's size is in QEMU's arguments: no limits of the host are set.
	spec := process.Spec{Name: string(m.Replica) + "@" + string(server), Argv: p.Argv, Dir: p.Folder, Env: p.Env, Namespace: p.Namespace}
	return qemu.Place{Spec: spec, QMP: p.Address, Incoming: p.Incoming, Health: p.Health, Identity: p.Identity}, err
}

// traffic makes what steers a proxy: an Envoy where the address names its
// endpoints' file and its admin interface, else an HAProxy.
func traffic(address string) actuator.Traffic {
	if rest, ok := strings.CutPrefix(address, "eds:"); ok {
		file, admin, _ := strings.Cut(rest, " ")
		return &envoy.Proxy{File: file, Admin: strings.TrimSuffix(admin, "/")}
	}
	return &haproxy.Proxy{Address: address}
}

func need(field string, there bool) error {
	if !there {
		return fmt.Errorf("%s is missing", field)
	}
	return nil
}

// place finds a replica's place on a server.
func (d *Driver) place(r model.ReplicaID, server model.ServerID) (Place, error) {
	p, ok := d.Places[r][server]
	if !ok {
		return p, fmt.Errorf("replica %q has no place on server %q: add it to the driver's places", r, server)
	}
	return p, nil
}

func (p *Place) route() actuator.Route {
	return actuator.Route{Backend: p.Backend, Server: p.Server}
}

// password reads the place's password.
func (p *Place) password() (string, error) {
	if p.PasswordFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(p.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (d *Driver) redis(r model.ReplicaID, server model.ServerID) (redis.Instance, error) {
	p, err := d.place(r, server)
	if err != nil {
		return redis.Instance{}, err
	}
	password, err := p.password()
	return redis.Instance{Address: p.Address, Password: password, Route: p.route(), Namespace: p.Namespace, Elsewhere: d.elsewhere(&p)}, err
}

// elsewhere tells whether a place is on another host than this.
func (d *Driver) elsewhere(p *Place) bool { return p.Host != "" && d.here != "" && p.Host != d.here }

// folder returns where a replica's data stand; a place that isn't there is found
// out by what asks for its address before.
func (d *Driver) folder(r model.ReplicaID, server model.ServerID) string {
	return d.Places[r][server].Folder
}

func (d *Driver) postgres(r model.ReplicaID, server model.ServerID) (postgres.Instance, error) {
	p, err := d.place(r, server)
	if err != nil {
		return postgres.Instance{}, err
	}
	password, err := p.password()
	return postgres.Instance{
		Address: p.Address, Login: postgres.Login{User: p.User, Password: password, Database: p.Database},
		Route: p.route(), Folder: p.Folder, Process: string(r) + "@" + string(server), Namespace: p.Namespace,
		Elsewhere: d.elsewhere(&p),
	}, err
}

func (d *Driver) spec(m *model.Move, server model.ServerID, p *Place) process.Spec {
	return process.Spec{
		Name: string(m.Replica) + "@" + string(server), Argv: p.Argv, Dir: p.Folder, Env: p.Env, Namespace: p.Namespace, Elsewhere: d.elsewhere(p),
		CPUMilli: m.Demand[model.CPU], MemoryBytes: m.Demand[model.Memory],
	}
}

func (d *Driver) process(m model.Move, server model.ServerID) (process.Place, error) {
	p, err := d.place(m.Replica, server)
	return process.Place{Spec: d.spec(&m, server, &p), Health: p.Health, Route: p.route()}, err
}

func (d *Driver) files(m model.Move, server model.ServerID) (files.Place, error) {
	p, err := d.place(m.Replica, server)
	return files.Place{Folder: p.Folder, Spec: d.spec(&m, server, &p), Health: p.Health, Route: p.route()}, err
}
