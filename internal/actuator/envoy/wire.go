package envoy

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// discovery is a DiscoveryResponse of ClusterLoadAssignments, as far as it is
// edited; fields of Envoy's that aren't here are refused when reading would lose
// them, so the file should hold no others.
type discovery struct {
	Version   string       `json:"version_info,omitempty"`
	Resources []assignment `json:"resources"`
}

// assignment is one cluster's endpoints.
type assignment struct {
	Type       string          `json:"@type"`
	Cluster    string          `json:"cluster_name"`
	Localities []locality      `json:"endpoints"`
	Policy     json.RawMessage `json:"policy,omitempty"`
}

type locality struct {
	Locality  json.RawMessage `json:"locality,omitempty"`
	Weight    uint32          `json:"load_balancing_weight,omitempty"`
	Priority  uint32          `json:"priority,omitempty"`
	Endpoints []endpoint      `json:"lb_endpoints"`
}

type endpoint struct {
	Endpoint struct {
		Address  address `json:"address"`
		Hostname string  `json:"hostname"` // the route's server
	} `json:"endpoint"`
	Health   string   `json:"health_status"`
	Weight   uint32   `json:"load_balancing_weight"`
	Metadata metadata `json:"metadata,omitzero"`
}

// address is where an endpoint listens.
type address struct {
	Socket struct {
		Address string `json:"address"`
		Port    uint32 `json:"port_value"`
	} `json:"socket_address"`
}

func (a *address) String() string {
	return a.Socket.Address + ":" + strconv.FormatUint(uint64(a.Socket.Port), 10)
}

// metadata keeps what Envoy has no word for: draining for good.
type metadata struct {
	Filter map[string]map[string]any `json:"filter_metadata,omitempty"`
}

const ours = "drover"

func (m *metadata) closed() bool { return m.Filter[ours]["closed"] == true }

func (m *metadata) set(closed bool) {
	if !closed {
		delete(m.Filter, ours)
		return
	}
	if m.Filter == nil {
		m.Filter = map[string]map[string]any{}
	}
	m.Filter[ours] = map[string]any{"closed": true}
}

// host is what the admin interface says about an endpoint.
type host struct {
	Address address `json:"address"`
	Stats   []struct {
		Name  string `json:"name"`
		Value string `json:"value"` // left out where it is 0
	} `json:"stats"`
	Health struct {
		EDS string `json:"eds_health_status"`
	} `json:"health_status"`
	Weight uint32 `json:"weight"`
}

// count returns one of the host's counters or gauges.
func (h *host) count(name string) int64 {
	for _, s := range h.Stats {
		if s.Name == name {
			n, _ := strconv.ParseInt(s.Value, 10, 64) // "" is 0
			return n
		}
	}
	return 0
}

// findHost reads the reply of /clusters?format=json.
func findHost(text []byte, cluster, at string) (host, error) {
	var reply struct {
		Clusters []struct {
			Name  string `json:"name"`
			Hosts []host `json:"host_statuses"`
		} `json:"cluster_statuses"`
	}
	if err := json.Unmarshal(text, &reply); err != nil {
		return host{}, fmt.Errorf("envoy clusters: %w", err)
	}
	for _, c := range reply.Clusters {
		for _, h := range c.Hosts {
			if c.Name == cluster && h.Address.String() == at {
				return h, nil
			}
		}
	}
	return host{}, fmt.Errorf("envoy has no endpoint %s in cluster %q yet", at, cluster)
}

// Endpoint is one line of a new file.
type Endpoint struct {
	Server, Host string
	Port         uint32
	Open         bool
}

// NewFile returns the text of a file with one cluster's endpoints, as the driver
// and Envoy read it.
func NewFile(cluster string, endpoints []Endpoint) ([]byte, error) {
	a := assignment{Type: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment", Cluster: cluster, Localities: make([]locality, 1)}
	for _, given := range endpoints {
		e := endpoint{Health: draining, Weight: 100}
		e.Endpoint.Hostname = given.Server
		e.Endpoint.Address.Socket.Address, e.Endpoint.Address.Socket.Port = given.Host, given.Port
		if given.Open {
			e.Health = healthy
		}
		e.Metadata.set(!given.Open)
		a.Localities[0].Endpoints = append(a.Localities[0].Endpoints, e)
	}
	text, err := json.MarshalIndent(discovery{Version: "0", Resources: []assignment{a}}, "", " ")
	if err != nil {
		return nil, fmt.Errorf("envoy: %w", err)
	}
	return text, nil
}
