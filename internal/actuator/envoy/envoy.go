// Package envoy steers traffic through Envoy's endpoint discovery (EDS): it writes
// the cluster's endpoints into the file that Envoy watches, and asks Envoy's admin
// interface whether they are in force. Tried on Envoy 1.40.
//
// The cluster has to be of type EDS with a path_config_source, and to say
// `common_lb_config: {healthy_panic_threshold: {value: 0}}` and
// `close_connections_on_host_health_failure: true`: without the first, closed
// endpoints get traffic when no other is there, without the second Cut cuts
// nothing. What is set lives in the file, so that a restart of Envoy keeps it.
package envoy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"drover/internal/actuator"
)

// Proxy is one Envoy. It may be used concurrently within one process.
type Proxy struct {
	// File is the one that Envoy watches, Admin the URL of its admin interface.
	File, Admin string
	// Timeout bounds how long Envoy may take to follow; 0: three seconds.
	Timeout time.Duration

	mu sync.Mutex // of the file
}

var _ actuator.Traffic = (*Proxy)(nil)

// pollEvery is how often Envoy is asked whether it has followed.
const pollEvery = 5 * time.Millisecond

// The health of endpoints that the driver sets: what Envoy makes of an admission.
const (
	healthy   = "HEALTHY"
	draining  = "DRAINING"  // no new requests or connections
	unhealthy = "UNHEALTHY" // and running connections are closed
)

// State tells what the file says and what Envoy counts.
func (p *Proxy) State(ctx context.Context, r actuator.Route) (actuator.RouteState, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, e, err := p.read(r)
	if err != nil {
		return actuator.RouteState{}, err
	}
	h, err := p.ask(ctx, r.Backend, e.Endpoint.Address.String())
	if err != nil {
		return actuator.RouteState{}, err
	}
	s := actuator.RouteState{Admission: actuator.Open, WeightPPM: int64(e.Weight) * 10_000, Healthy: h.Health.EDS == healthy}
	switch {
	case e.Metadata.closed():
		s.Admission = actuator.Closed
	case e.Health == draining:
		s.Admission = actuator.Draining
	}
	s.Sessions = int(max(h.count("cx_active"), h.count("rq_active")))
	s.Requests, s.Errors = h.count("rq_total"), h.count("rq_error")+h.count("cx_connect_fail")
	return s, nil
}

// Admit sets an endpoint's health.
func (p *Proxy) Admit(ctx context.Context, r actuator.Route, a actuator.Admission) error {
	return p.change(ctx, r, func(e *endpoint) {
		switch a {
		case actuator.Open:
			e.Health = healthy
		case actuator.Draining:
			e.Health = draining
		case actuator.Closed:
			if e.Health != unhealthy { // cut already
				e.Health = draining
			}
		}
		e.Metadata.set(a == actuator.Closed)
	})
}

// Weight sets an endpoint's weight, of 100, to the share rounded up.
func (p *Proxy) Weight(ctx context.Context, r actuator.Route, ppm int64) error {
	return p.change(ctx, r, func(e *endpoint) { e.Weight = uint32(max((ppm+9_999)/10_000, 1)) })
}

// Cut closes the endpoint's connections. One that is open stays as it is: it
// would lose its traffic as well.
func (p *Proxy) Cut(ctx context.Context, r actuator.Route) error {
	return p.change(ctx, r, func(e *endpoint) {
		if e.Health != healthy {
			e.Health = unhealthy
		}
	})
}

// change edits one endpoint of the file and waits until Envoy has followed.
func (p *Proxy) change(ctx context.Context, r actuator.Route, edit func(*endpoint)) error {
	timeout := p.Timeout
	if timeout <= 0 {
		timeout = 3 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("envoy %s: %w", p.File, err)
	}
	file, e, err := p.read(r)
	if err != nil {
		return err
	}
	before, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("envoy: %w", err)
	}
	edit(e)
	after, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("envoy: %w", err)
	}
	if string(before) != string(after) {
		if err := p.write(file); err != nil {
			return err
		}
	}
	return actuator.Poll(ctx, pollEvery, func() (bool, error) {
		h, err := p.ask(ctx, r.Backend, e.Endpoint.Address.String())
		if err != nil {
			return false, err
		}
		return h.Health.EDS == e.Health && h.Weight == e.Weight,
			fmt.Errorf("envoy %s: %s/%s is %s with weight %d, %s with %d is asked for", p.Admin, r.Backend, r.Server, h.Health.EDS, h.Weight, e.Health, e.Weight)
	})
}

// read reads the file and finds an endpoint in it.
func (p *Proxy) read(r actuator.Route) (*discovery, *endpoint, error) {
	text, err := os.ReadFile(p.File)
	if err != nil {
		return nil, nil, fmt.Errorf("envoy endpoints: %w", err)
	}
	var d discovery
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, nil, fmt.Errorf("envoy endpoints %s: %w", p.File, err)
	}
	for i := range d.Resources {
		if d.Resources[i].Cluster != r.Backend {
			continue
		}
		for j := range d.Resources[i].Localities {
			for k := range d.Resources[i].Localities[j].Endpoints {
				if e := &d.Resources[i].Localities[j].Endpoints[k]; e.Endpoint.Hostname == r.Server {
					return &d, e, nil
				}
			}
		}
	}
	return nil, nil, fmt.Errorf("envoy endpoints %s: cluster %q has no endpoint with hostname %q: add it, draining", p.File, r.Backend, r.Server)
}

// write replaces the file at once: Envoy looks at it when it is moved.
func (p *Proxy) write(d *discovery) error {
	text, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return fmt.Errorf("envoy: %w", err)
	}
	fresh, err := os.CreateTemp(filepath.Dir(p.File), ".endpoints-")
	if err != nil {
		return fmt.Errorf("envoy endpoints: %w", err)
	}
	_, err = fresh.Write(text)
	err = errors.Join(err, fresh.Chmod(0o644), fresh.Sync(), fresh.Close())
	if err == nil {
		err = os.Rename(fresh.Name(), p.File)
	}
	if err != nil {
		return fmt.Errorf("envoy endpoints: %w", errors.Join(err, os.Remove(fresh.Name())))
	}
	return nil
}

// ask asks Envoy about one endpoint.
func (p *Proxy) ask(ctx context.Context, cluster, address string) (host, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Admin+"/clusters?format=json", nil)
	if err != nil {
		return host{}, fmt.Errorf("envoy: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return host{}, fmt.Errorf("envoy: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return host{}, fmt.Errorf("envoy %s: %s: %w", p.Admin, response.Status, errors.Join(err, errors.New("no clusters")))
	}
	return findHost(text, cluster, address)
}
