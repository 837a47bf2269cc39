package reference

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"drover/internal/cli/service"
	"drover/internal/forecaster"
	"drover/internal/stream"
	"drover/internal/web"
)

// Metric is one metric of Drover's own.
type Metric struct {
	Name, Kind, Help string
	Labels           []string
	Where            string // who publishes it
}

// recorder is a registerer that remembers what is registered.
type recorder struct {
	where   string
	metrics []Metric
	err     error
}

// Register implements prometheus.Registerer.
func (r *recorder) Register(c prometheus.Collector) error {
	kind := "gauge"
	switch c.(type) {
	case *prometheus.CounterVec, prometheus.Counter:
		kind = "counter"
	case *prometheus.HistogramVec, prometheus.Histogram:
		kind = "histogram"
	}
	descs := make(chan *prometheus.Desc)
	go func() {
		c.Describe(descs)
		close(descs)
	}()
	for d := range descs {
		m, err := parse(d.String())
		if err != nil {
			r.err = err
			continue
		}
		m.Kind, m.Where = kind, r.where
		r.metrics = append(r.metrics, m)
	}
	return r.err
}

// MustRegister implements prometheus.Registerer.
func (r *recorder) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		_ = r.Register(c) // kept in err
	}
}

// Unregister implements prometheus.Registerer.
func (*recorder) Unregister(prometheus.Collector) bool { return false }

// described is how a Desc says what it is.
var described = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "((?:[^"\\]|\\.)*)", (?:unit: "[^"]*", )?constLabels: \{[^}]*\}, variableLabels: \{([^}]*)\}\}$`)

func parse(desc string) (Metric, error) {
	parts := described.FindStringSubmatch(desc)
	if parts == nil {
		return Metric{}, fmt.Errorf("docs: metric can't be read: %s", desc)
	}
	m := Metric{Name: parts[1], Help: parts[2]}
	for _, l := range strings.Split(parts[3], ",") {
		if l != "" {
			m.Labels = append(m.Labels, l)
		}
	}
	return m, nil
}

// Metrics lists every metric of Drover's own, by name.
func Metrics() ([]Metric, error) {
	var all []Metric
	for _, from := range []struct {
		where    string
		register func(prometheus.Registerer)
	}{
		{"every service", stream.DescribeMeters},
		{"every service", service.DescribeMeters},
		{"forecaster", func(r prometheus.Registerer) { forecaster.NewMeters(r) }},
		{"drover web, drover up", func(r prometheus.Registerer) { web.NewMeters(nil, r) }},
	} {
		r := &recorder{where: from.where}
		from.register(r)
		if r.err != nil {
			return nil, r.err
		}
		all = append(all, r.metrics...)
	}
	slices.SortFunc(all, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func metricsPage() (string, error) {
	all, err := Metrics()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("# Metrics\n\nEvery service publishes them at `/metrics`, beside Go's and the process's own. Dashboards: `deploy/grafana`; rules: `deploy/prometheus`.\n" +
		"\n| metric | kind | labels | of | meaning |\n|---|---|---|---|---|\n")
	for _, m := range all {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", m.Name, m.Kind, strings.Join(m.Labels, ", "), m.Where, cell(m.Help))
	}
	return b.String(), nil
}
