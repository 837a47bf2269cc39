package move

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/envoy"
	"drover/internal/actuator/process"
)

// envoyConfig is Envoy with one listener and one EDS cluster: %[1]s is the
// clients' port, %[2]s the admin's, %[3]s the cluster, %[4]s the endpoints' file.
const envoyConfig = `{
 "node": {"id": "edge", "cluster": "test"},
 "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": %[2]s}}},
 "static_resources": {
  "listeners": [{"name": "in", "address": {"socket_address": {"address": "127.0.0.1", "port_value": %[1]s}},
   "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    "stat_prefix": "in",
    "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
    "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"},
     "route": {"cluster": "%[3]s", "retry_policy": {"retry_on": "connect-failure,refused-stream,reset", "num_retries": 3}}}]}]}}}]}]}],
  "clusters": [{"name": "%[3]s", "type": "EDS", "connect_timeout": "1s",
   "eds_cluster_config": {"eds_config": {"resource_api_version": "V3", "path_config_source": {"path": "%[4]s"}}},
   "common_lb_config": {"healthy_panic_threshold": {"value": 0}}, "close_connections_on_host_health_failure": true}]
 }}`

// StartEnvoy starts Envoy with one cluster in place of StartProxy's HAProxy, and
// returns the clients' address.
func (s *Site) StartEnvoy(ctx context.Context, cluster string, servers []Server) (string, error) {
	var endpoints []envoy.Endpoint
	for _, server := range servers {
		host, port, err := net.SplitHostPort(server.Address)
		if err != nil {
			return "", err
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return "", fmt.Errorf("envoy: port of %s: %w", server.Address, err)
		}
		endpoints = append(endpoints, envoy.Endpoint{Server: server.Name, Host: host, Port: uint32(n), Open: server.Open})
	}
	file, path := filepath.Join(s.Folder, "endpoints.json"), filepath.Join(s.Folder, "envoy.json")
	text, err := envoy.NewFile(cluster, endpoints)
	if err != nil {
		return "", err
	}
	port, err := FreePort("127.0.0.1")
	if err != nil {
		return "", err
	}
	admin, err := FreePort("127.0.0.1")
	if err != nil {
		return "", err
	}
	err = errors.Join(os.WriteFile(file, text, 0o600),
		os.WriteFile(path, fmt.Appendf(nil, envoyConfig, port, admin, cluster, file), 0o600))
	if err != nil {
		return "", fmt.Errorf("envoy: %w", err)
	}
	s.Own("envoy")
	argv := []string{"envoy", "-c", path, "--concurrency", "1", "--disable-hot-restart", "-l", "warning"}
	if _, err := s.Supervisor.Start(ctx, process.Spec{Name: "envoy", Argv: argv, Dir: s.Folder}); err != nil {
		return "", err
	}
	s.Traffic = &envoy.Proxy{File: file, Admin: "http://127.0.0.1:" + admin}
	first := actuator.Route{Backend: cluster, Server: servers[0].Name}
	address := "127.0.0.1:" + port
	return address, actuator.Poll(ctx, 50*time.Millisecond, func() (bool, error) {
		if _, err := s.Traffic.State(ctx, first); err != nil {
			return false, err
		}
		response, err := http.Get("http://" + address + "/")
		if err != nil {
			return false, err
		}
		return response.StatusCode == http.StatusOK, errors.Join(errors.New("envoy answers "+response.Status), response.Body.Close())
	})
}
