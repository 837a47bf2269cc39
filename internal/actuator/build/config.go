// Package build makes drivers from a configuration file: which driver moves
// what, where every replica's places are, and the proxies before them. The
// agent and the executor are configured by it.
package build

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"drover/internal/actuator/agent"
	"drover/internal/actuator/update"
	"drover/internal/model"
)

// Config is a set of drivers.
type Config struct {
	// Host is this host's name among the places' hosts; empty: every place is here.
	Host string `json:"host,omitempty"`
	// State is the folder of the host's supervisor.
	State string `json:"state"`
	// Proxies by name: HAProxy's runtime socket ("unix:/path" or "host:port"), or
	// Envoy's file of endpoints and admin interface ("eds:/path http://host:port").
	Proxies map[string]string `json:"proxies"`
	// Default is the driver of moves that name none.
	Default string            `json:"default"`
	Drivers map[string]Driver `json:"drivers"`
	// Journal is the folder in which an executor that performs commands itself
	// remembers them; empty: below its data directory.
	Journal string `json:"journal,omitempty"`
	// Log is told what the drivers can't do here; nil: nobody is.
	Log *slog.Logger `json:"-"`
	// Executor says how the executor drives.
	Executor Executor `json:"executor,omitzero"`
}

// Executor configures how commands are performed; what is left out has a
// standard.
type Executor struct {
	// Beat is the time between two beats of the executor's clock, Probe that
	// between two looks at a replica, Baseline how long one is looked at before it
	// is moved, Watch how long after.
	Beat     Duration `json:"beat,omitempty"`
	Probe    Duration `json:"probe,omitempty"`
	Baseline Duration `json:"baseline,omitempty"`
	Watch    Duration `json:"watch,omitempty"`
	// Deadline is how long a command may take; Deadlines are those of some kinds.
	Deadline  Duration                    `json:"deadline,omitempty"`
	Deadlines map[model.StepKind]Duration `json:"deadlines,omitempty"`
	BackOff   Duration                    `json:"back_off,omitempty"`
	// Moves limits what is under way in a fleet, at a server, on a link, and of one
	// application.
	Moves struct {
		Fleet       int `json:"fleet,omitempty"`
		Server      int `json:"server,omitempty"`
		Link        int `json:"link,omitempty"`
		Application int `json:"application,omitempty"`
	} `json:"moves,omitzero"`
	BytesPerSecond int64 `json:"bytes_per_second,omitempty"` // of each copy
	// AfterPivot is what follows where a move fails after its cut-over: "reverse"
	// (the standard) moves it back, "park" leaves it to a person.
	AfterPivot string `json:"after_pivot,omitempty"`
	// Windows are when moves may begin, for example "mon-fri 22:00-06:00" (UTC).
	Windows []string `json:"windows,omitempty"`
	// Health judges moved replicas; Applications in ways of their own.
	Health       *Health                         `json:"health,omitempty"`
	Applications map[model.ApplicationID]*Health `json:"applications,omitempty"`
}

// Health says how much worse than before a moved replica may be; see
// internal/saga/watch.
type Health struct {
	FalseAlarmPPM int64    `json:"false_alarm_ppm,omitempty"`
	ErrorFactor   float64  `json:"error_factor,omitempty"`
	ErrorFloorPPM int64    `json:"error_floor_ppm,omitempty"`
	ExceedPPM     int64    `json:"exceed_ppm,omitempty"`
	WorsePPM      int64    `json:"worse_ppm,omitempty"`
	Unknown       Duration `json:"unknown,omitempty"`
}

// Driver configures one driver.
type Driver struct {
	// Kind is redis, postgres, files, process, containerd, kubernetes, qemu, agent,
	// exec, webhook or update.
	Kind  string `json:"kind"`
	Proxy string `json:"proxy,omitempty"` // name of the one before the replicas
	// Places says where each replica is or can be, by replica and server.
	Places map[model.ReplicaID]map[model.ServerID]Place `json:"places,omitempty"`
	Argv   []string                                     `json:"argv,omitempty"` // exec
	URL    string                                       `json:"url,omitempty"`  // webhook
	Hooks  map[string]update.Hook                       `json:"hooks,omitempty"`
	// Agents are the servers' agents (kind agent), TLS what both sides know each
	// other by, Key the file of the executor's private key.
	Agents map[model.ServerID]Agent `json:"agents,omitempty"`
	TLS    *agent.Files             `json:"tls,omitempty"`
	Key    string                   `json:"key,omitempty"`
	here   string                   // this host's name

	// Programs is the folder of PostgreSQL's programs; UserID and GroupID are whom
	// its servers run as.
	Programs string `json:"programs,omitempty"`
	UserID   uint32 `json:"user_id,omitempty"`
	GroupID  uint32 `json:"group_id,omitempty"`
	// Pause is how long a hand-over may keep clients waiting, for example "2s".
	Pause Duration `json:"pause,omitempty"`
	// Kubeconfig is the path of a file, or "in-cluster"; Context names one of its
	// contexts; Namespaces are searched for applications that annotations name;
	// HoldImage is what placeholders run. kubernetes
	Kubeconfig string   `json:"kubeconfig,omitempty"`
	Context    string   `json:"context,omitempty"`
	Namespaces []string `json:"namespaces,omitempty"`
	HoldImage  string   `json:"hold_image,omitempty"`
	// BandwidthBytesPerSecond limits migrations, Stuck is how long one may make no
	// headway, Throttle lets QEMU slow a guest down. qemu
	BandwidthBytesPerSecond int64    `json:"bandwidth_bytes_per_second,omitempty"`
	Stuck                   Duration `json:"stuck,omitempty"`
	Throttle                bool     `json:"throttle,omitempty"`
	// Containerd is what runs the containers. containerd
	Containerd Containerd `json:"containerd,omitzero"`
}

// Containerd is a host's containerd; what is left out has a standard.
type Containerd struct {
	Address     string `json:"address,omitempty"`     // /run/containerd/containerd.sock
	Namespace   string `json:"namespace,omitempty"`   // of containers and images: drover
	Snapshotter string `json:"snapshotter,omitempty"` // containerd's own
}

// Place is where a replica runs or can run.
type Place struct {
	Backend string `json:"backend"` // of the proxy
	Server  string `json:"server"`  // in that backend
	Address string `json:"address,omitempty"`
	// PasswordFile holds the server's password; empty: none.
	PasswordFile string `json:"password_file,omitempty"`
	User         string `json:"user,omitempty"` // postgres
	Database     string `json:"database,omitempty"`
	Folder       string `json:"folder,omitempty"`
	Namespace    string `json:"namespace,omitempty"` // network namespace
	// Host is where it runs; agents start and stop what is on their own only.
	Host string   `json:"host,omitempty"`
	Argv []string `json:"argv,omitempty"` // process, files; containerd: empty is the image's
	Env  []string `json:"env,omitempty"`
	// Image is what the container is made from, Archive the file that it is
	// imported from where containerd hasn't it. containerd
	Image   string `json:"image,omitempty"`
	Archive string `json:"archive,omitempty"`
	Health  string `json:"health,omitempty"`
	// Incoming is where the host takes guests, Identity a page of the guest's that
	// tells whether it is the same one. qemu
	Incoming string `json:"incoming,omitempty"`
	Identity string `json:"identity,omitempty"`
}

// Duration is a time.Duration that is written as text.
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// MarshalText writes the duration as it is read.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Read reads a configuration file; fields that there aren't are errors.
func Read(path string) (Config, error) {
	var c Config
	text, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("drivers: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, fmt.Errorf("drivers: %s: %w", path, err)
	}
	return c, nil
}
