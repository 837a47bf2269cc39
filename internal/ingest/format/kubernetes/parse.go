// Package kubernetes reads manifests (YAML or JSON, several documents, Lists)
// as applications: Deployments, StatefulSets, ReplicaSets and bare Pods.
//
// Services say under which names applications are called; a dependency is every
// such name that a container's environment or arguments point at. Workloads
// that are not placed by anyone (DaemonSets) or end by themselves (Jobs) are
// read and give no event; other kinds pass unseen.
package kubernetes

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/ingest/format/yamldoc"
	"drover/internal/model"
)

// workload is an application before its dependencies are known.
type workload struct {
	app    model.Application
	labels map[string]string // of its pods
	values []reference
}

// reference is a configuration value that may name another application.
type reference struct {
	text string
	bare bool // a bare word may be a name
}

// reader gathers the documents: names are resolved once all have been read.
type reader struct {
	opt       format.Options
	out       *format.Out
	documents int
	decoded   int // bytes of YAML
	workloads []workload
	services  []object
}

// Parse reads one file; each workload is a record and a model.Application.
func Parse(data []byte, opt format.Options, out *format.Out) {
	if len(bytes.TrimSpace(data)) == 0 {
		out.Reject(errors.New("empty input: want Kubernetes manifests"))
		return
	}
	r := &reader{opt: opt, out: out}
	text := jsonscan.BOM(data)
	if i := jsonscan.Space(text, 0); i < len(text) && text[i] == '{' {
		r.json(text)
		r.finish()
		return
	}
	if err := yamldoc.CheckCount(data); err != nil {
		out.Reject(err)
		return
	}
	yamldoc.Documents(data, func(doc []byte, line int) {
		r.documents++
		if err := r.document(doc); err != nil {
			out.Reject(fmt.Errorf("document at line %d: %w", line, err))
		}
	})
	if r.documents == 0 {
		out.Reject(errors.New("no document: want Kubernetes manifests"))
	}
	r.finish()
}

// largeBytes is the size from which documents that say nothing to us are not
// decoded: bundles hold megabytes of custom resource definitions.
const largeBytes = 64 << 10

// document reads one document of YAML.
func (r *reader) document(doc []byte) error {
	if len(doc) > largeBytes && yamldoc.Top(doc, "apiVersion") != "" {
		if kind := yamldoc.Top(doc, "kind"); kind != "" && !wanted(kind) {
			return nil
		}
	}
	if r.decoded += len(doc); r.decoded > yamldoc.MaxTotalBytes {
		return fmt.Errorf("more than %d bytes of YAML: send it in parts", yamldoc.MaxTotalBytes)
	}
	var o object
	if err := yamldoc.Decode(doc, &o, false); err != nil {
		return err
	}
	return r.object(&o)
}

// wanted tells whether documents of a kind are read.
func wanted(kind string) bool {
	switch kind {
	case "Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Pod", "DaemonSet", "Job", "CronJob", "Service":
		return true
	}
	return strings.HasSuffix(kind, "List")
}

// json reads what `kubectl get -o json` prints: a List or one object, item by
// item, so that a large List needs little memory.
func (r *reader) json(text []byte) {
	one := func(data []byte, where, list, version string) {
		var o object
		err := jsonscan.Unmarshal(data, &o)
		if err == nil {
			o.inherit(list, version)
			err = r.object(&o)
		}
		if err != nil {
			r.out.Reject(fmt.Errorf("%s: %w", where, err))
		}
	}
	jsonscan.Records(text, r.out, func(record []byte, line int) {
		items, err := jsonscan.Field(record, "items")
		if err != nil || items == nil {
			one(record, fmt.Sprintf("line %d", line), "", "")
			return
		}
		kind, version, n := word(record, "kind"), word(record, "apiVersion"), 0
		err = jsonscan.Array(items, func(item []byte) error {
			one(item, fmt.Sprintf("items[%d]", n), kind, version)
			n++
			return nil
		})
		if err != nil {
			r.out.Reject(fmt.Errorf("line %d: %w", line, err))
		}
	})
}

// word returns a text field of an object, empty where there is none.
func word(record []byte, field string) string {
	value, err := jsonscan.Field(record, field)
	if err != nil || len(value) < 2 || value[0] != '"' {
		return ""
	}
	return string(value[1 : len(value)-1])
}

func (r *reader) object(o *object) error {
	if o.fault != nil {
		return o.fault
	}
	if o.Metadata.Name == "" {
		o.Metadata.Name = strings.TrimRight(o.Metadata.Generate, "-")
	}
	if o.Kind == "" || o.APIVersion == "" {
		return errors.New("no kind or apiVersion: this is no manifest")
	}
	switch o.Kind {
	case "Deployment", "StatefulSet", "ReplicaSet", "ReplicationController":
		return r.workload(o, &o.Spec.Template.Spec, o.Spec.Template.Metadata.Labels)
	case "Pod":
		return r.workload(o, &o.Spec.pod, o.Metadata.Labels)
	case "DaemonSet", "Job", "CronJob":
		if o.Metadata.Name == "" {
			return fmt.Errorf("%s: metadata.name is empty", o.Kind)
		}
		r.out.Read()
	case "Service":
		r.services = append(r.services, *o)
	default:
		if !strings.HasSuffix(o.Kind, "List") {
			return nil
		}
		for i := range o.Items {
			o.Items[i].inherit(o.Kind, o.APIVersion)
			if err := r.object(&o.Items[i]); err != nil {
				r.out.Reject(fmt.Errorf("items[%d]: %w", i, err))
			}
		}
	}
	return nil
}

func (r *reader) workload(o *object, p *pod, podLabels map[string]string) error {
	if o.Metadata.Name == "" {
		return fmt.Errorf("%s: metadata.name is empty", o.Kind)
	}
	if len(p.Containers) == 0 {
		return fmt.Errorf("%s %q: no containers", o.Kind, o.Metadata.Name)
	}
	a := model.Application{Fleet: r.opt.Fleet, ID: model.ApplicationID(o.Metadata.Name), At: r.opt.At, Replicas: 1,
		Labels: o.Metadata.Labels, Stateful: o.Kind == "StatefulSet", ServiceCVMilli: -1, Driver: "kubernetes"}
	if n := o.Spec.Replicas; n != nil {
		if *n < 0 {
			return fmt.Errorf("%s %q: replicas %d", o.Kind, o.Metadata.Name, *n)
		}
		a.Replicas = *n
	}
	for i := range p.Containers {
		request, err := p.Containers[i].Resources.vector()
		if err != nil {
			return fmt.Errorf("%s %q: containers[%d].resources: %w", o.Kind, o.Metadata.Name, i, err)
		}
		a.Request = a.Request.Add(request)
	}
	for _, claim := range o.Spec.Claims {
		n, err := format.Bytes(string(claim.Spec.Resources.Requests["storage"]))
		if err == nil {
			a.DataBytes += n
		}
	}
	p.policies(&a, podLabels)
	r.workloads = append(r.workloads, workload{app: a, labels: podLabels, values: p.references()})
	return nil
}

// policies reads where the pods may stand.
func (p *pod) policies(a *model.Application, podLabels map[string]string) {
	for _, v := range p.Volumes {
		if v.Claim != nil {
			a.Stateful = true
		}
	}
	for _, s := range p.Spread {
		if s.Key == "topology.kubernetes.io/zone" && s.When == "DoNotSchedule" && a.Replicas > 1 {
			a.MinimumZones = 2
		}
	}
	for _, t := range p.Affinity.Anti.Required {
		if t.Key == "kubernetes.io/hostname" && len(t.Selector.Labels) > 0 && selects(t.Selector.Labels, podLabels) {
			a.AntiAffinity = []model.ApplicationID{a.ID}
		}
	}
	node := p.NodeName
	if node == "" {
		node = p.NodeSelector["kubernetes.io/hostname"]
	}
	if node != "" {
		a.AllowedServers = []model.ServerID{model.ServerID(node)}
	}
}

// selects tells whether all labels of a selector are there.
func selects(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// vector returns the requests, the limits where nothing is requested.
func (r *resources) vector() (v model.Vector, err error) {
	for _, x := range []struct {
		name     string
		resource model.Resource
		read     func(string) (int64, error)
	}{{"cpu", model.CPU, format.Millicores}, {"memory", model.Memory, format.Bytes}, {"ephemeral-storage", model.Disk, format.Bytes}} {
		text, ok := r.Requests[x.name]
		if !ok {
			text, ok = r.Limits[x.name]
		}
		if !ok {
			continue
		}
		if v[x.resource], err = x.read(string(text)); err != nil {
			return v, fmt.Errorf("%s: %w", x.name, err)
		}
	}
	return v, nil
}

// references returns the values that may name other applications.
func (p *pod) references() []reference {
	var list []reference
	for _, c := range p.Containers {
		for _, e := range c.Env {
			name := strings.ToUpper(e.Name)
			bare := strings.HasSuffix(name, "_HOST") || strings.HasSuffix(name, "_ADDR") || strings.HasSuffix(name, "_HOSTNAME")
			list = append(list, reference{e.Value, bare})
		}
		for _, arg := range slices.Concat(c.Args, c.Command) {
			if len(arg) < 1000 { // scripts are not addresses
				list = append(list, reference{arg, false})
			}
		}
	}
	return list
}

// finish resolves dependencies and emits the applications.
func (r *reader) finish() {
	// A Service's name stands for the application that it selects.
	behind := map[string]string{}
	known := map[string]bool{}
	for _, w := range r.workloads {
		behind[string(w.app.ID)] = string(w.app.ID)
		known[string(w.app.ID)] = true
	}
	carriers := carriersOf(r.workloads)
	for i := range r.services {
		s := &r.services[i]
		selector := labelsOf(s.Spec.Selector)
		for _, n := range carriers.fewest(selector) {
			if w := &r.workloads[n]; selects(selector, w.labels) {
				behind[s.Metadata.Name] = string(w.app.ID)
				known[s.Metadata.Name] = true
				break
			}
		}
	}
	for _, w := range r.workloads {
		var found []string
		for _, v := range w.values {
			for _, name := range format.NamedServices(v.text, known, v.bare) {
				found = append(found, behind[name])
			}
		}
		for _, d := range format.Distinct(found, string(w.app.ID)) {
			w.app.DependsOn = append(w.app.DependsOn, model.ApplicationID(d))
		}
		r.out.Record(w.app)
	}
}

// labelsOf reads a Service's selector.
func labelsOf(selector any) map[string]string {
	m, ok := selector.(map[string]any)
	if !ok {
		return nil
	}
	labels := make(map[string]string, len(m))
	for k, v := range m {
		if s, ok := v.(string); ok {
			labels[k] = s
		}
	}
	return labels
}
