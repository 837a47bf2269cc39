// Package dashboards holds what deploy/ says to Prometheus and Grafana against
// the real Prometheus: rules are well formed and fire, and every panel's query
// returns data while the demo fleet runs.
package dashboards
