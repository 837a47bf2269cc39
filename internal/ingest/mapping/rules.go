package mapping

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"sort"

	"go.yaml.in/yaml/v3"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

//go:embed shipped/*.yaml
var shipped embed.FS

// Rules are the outputs of all mapping files, by the metrics they read.
type Rules struct {
	outputs []output
	terms   map[string][]term // by metric name
}

// output is one (entity, resource) that series add up to.
type output struct {
	entity   template
	producer template
	resource model.Resource
	kind     model.SampleKind
	// all has a bit set for each term that must have been seen.
	all uint64
}

// term is one kind of series that goes into an output.
type term struct {
	output int
	bit    uint64
	match  []condition
	scale  float64
}

// condition holds where the label's value matches (or doesn't, if negated).
type condition struct {
	label   string
	pattern *regexp.Regexp
	negated bool
}

// file is the shape of a mapping file.
type file struct {
	Name    string `yaml:"name"`
	Outputs []struct {
		Entity   string `yaml:"entity"`
		Producer string `yaml:"producer"`
		Resource string `yaml:"resource"`
		Kind     string `yaml:"kind"`
		Terms    []struct {
			Metric string            `yaml:"metric"`
			Match  map[string]string `yaml:"match"`
			Unless map[string]string `yaml:"unless"`
			Scale  float64           `yaml:"scale"`
		} `yaml:"terms"`
	} `yaml:"outputs"`
}

// Shipped returns the rules of the files that come with Drover.
func Shipped() (*Rules, error) {
	r := &Rules{}
	return r, r.AddShipped()
}

// Load returns the rules of some mapping files and, after them, the shipped ones.
func Load(files []string) (*Rules, error) {
	r := &Rules{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("mapping: %w", err)
		}
		if err := r.Add(data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return r, r.AddShipped()
}

// AddShipped adds the files that come with Drover, after the rules that are there.
func (r *Rules) AddShipped() error {
	names, err := fs.Glob(shipped, "shipped/*.yaml")
	if err != nil {
		return fmt.Errorf("shipped mappings: %w", err)
	}
	for _, name := range names {
		data, err := shipped.ReadFile(name)
		if err != nil {
			return fmt.Errorf("shipped mappings: %w", err)
		}
		if err := r.Add(data); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// Add reads one mapping file's bytes. Where two outputs give the same resource
// of the same entity at the same time, the one added first is taken.
func (r *Rules) Add(data []byte) error {
	var f file
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return fmt.Errorf("mapping: %w", err)
	}
	if r.terms == nil {
		r.terms = map[string][]term{}
	}
	for i, o := range f.Outputs {
		out, err := newOutput(o.Entity, o.Producer, o.Resource, o.Kind)
		if err != nil {
			return fmt.Errorf("mapping %q, outputs[%d]: %w", f.Name, i, err)
		}
		if len(o.Terms) == 0 || len(o.Terms) > 64 {
			return fmt.Errorf("mapping %q, outputs[%d]: want 1 to 64 terms", f.Name, i)
		}
		for j, t := range o.Terms {
			if t.Metric == "" {
				return fmt.Errorf("mapping %q, outputs[%d].terms[%d]: metric is empty", f.Name, i, j)
			}
			conditions, err := conditionsOf(t.Match, t.Unless)
			if err != nil {
				return fmt.Errorf("mapping %q, outputs[%d].terms[%d]: %w", f.Name, i, j, err)
			}
			if t.Scale == 0 {
				t.Scale = 1
			}
			bit := uint64(1) << j
			out.all |= bit
			r.terms[t.Metric] = append(r.terms[t.Metric], term{len(r.outputs), bit, conditions, t.Scale})
		}
		r.outputs = append(r.outputs, out)
	}
	return nil
}

func newOutput(entity, producer, resource, kind string) (o output, err error) {
	if o.entity, err = parseTemplate(entity); err != nil {
		return o, fmt.Errorf("entity: %w", err)
	}
	if entity == "" {
		return o, errors.New("entity is empty")
	}
	if o.producer, err = parseTemplate(producer); err != nil {
		return o, fmt.Errorf("producer: %w", err)
	}
	if o.resource, err = model.ParseResource(resource); err != nil {
		return o, err
	}
	switch kind {
	case "", "gauge":
	case "counter":
		o.kind = model.Counter
	default:
		return o, fmt.Errorf("kind %q: want gauge or counter", kind)
	}
	return o, nil
}

// conditionsOf compiles a term's conditions in the order of their labels.
func conditionsOf(match, unless map[string]string) ([]condition, error) {
	var list []condition
	add := func(patterns map[string]string, negated bool) error {
		labels := make([]string, 0, len(patterns))
		for label := range patterns {
			labels = append(labels, label)
		}
		sort.Strings(labels)
		for _, label := range labels {
			p, err := regexp.Compile("^(?:" + patterns[label] + ")$")
			if err != nil {
				return fmt.Errorf("label %q: %w", label, err)
			}
			list = append(list, condition{label, p, negated})
		}
		return nil
	}
	if err := add(match, false); err != nil {
		return nil, err
	}
	return list, add(unless, true)
}

// matches tells whether the series is one of the term's.
func (t *term) matches(ls format.Labels) bool {
	for i := range t.match {
		c := &t.match[i]
		if c.pattern.MatchString(ls.Get(c.label)) == c.negated {
			return false
		}
	}
	return true
}
