package pull

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.yaml.in/yaml/v3"

	"drover/internal/ingest/format/catalog"
)

// Target is one feed.
type Target struct {
	// URL is fetched; Format is a name of the catalog.
	URL    string `yaml:"url"`
	Format string `yaml:"format"`
	// Every is how often. Default one minute for metrics, an hour for the rest.
	Every time.Duration `yaml:"every"`
	// Labels are added to samples, besides "instance", the URL's host and port.
	Labels map[string]string `yaml:"labels"`
	// Token, where set, is sent as a bearer token.
	Token string `yaml:"token"`
}

// file is a targets file: feeds of our own, and lists of hosts as Prometheus'
// service discovery by file has them.
type file struct {
	Feeds  []Target `yaml:"feeds"`
	Scrape []struct {
		Targets []string          `yaml:"targets"`
		Labels  map[string]string `yaml:"labels"`
	} `yaml:"scrape"`
}

// ReadTargets reads a targets file (YAML or JSON). A list at the top is one of
// Prometheus' service discovery by file. The labels __scheme__, __metrics_path__
// mean what they mean there.
func ReadTargets(data []byte) ([]Target, error) {
	var f file
	if err := yaml.Unmarshal(data, &f.Scrape); err != nil {
		f = file{}
		d := yaml.NewDecoder(bytes.NewReader(data))
		d.KnownFields(true)
		if err := d.Decode(&f); err != nil {
			return nil, fmt.Errorf("targets: %w", err)
		}
	}
	targets := f.Feeds
	for _, group := range f.Scrape {
		for _, host := range group.Targets {
			t := Target{Format: "prometheus", Labels: map[string]string{}}
			scheme, path := "http", "/metrics"
			for name, value := range group.Labels {
				switch name {
				case "__scheme__":
					scheme = value
				case "__metrics_path__":
					path = value
				default:
					t.Labels[name] = value
				}
			}
			t.URL = scheme + "://" + host + path
			targets = append(targets, t)
		}
	}
	for i := range targets {
		if err := targets[i].check(); err != nil {
			return nil, fmt.Errorf("targets[%d]: %w", i, err)
		}
	}
	return targets, nil
}

// metrics tells whether the target is a page of samples.
func (t *Target) metrics() bool { return t.Format == "prometheus" || t.Format == "openmetrics" }

func (t *Target) check() error {
	u, err := url.Parse(t.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("url %q: want http:// or https:// with a host", t.URL)
	}
	if _, err := catalog.Find(t.Format); err != nil {
		return err
	}
	if t.Every == 0 {
		t.Every = time.Hour
		if t.metrics() {
			t.Every = time.Minute
		}
	}
	if t.Every < time.Second {
		return errors.New("every: want at least one second")
	}
	return nil
}
