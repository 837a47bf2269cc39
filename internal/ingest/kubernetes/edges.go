package kubernetes

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// dependencies resolves which applications a workload calls: those that its
// annotation names, and the Services that its containers' environment and
// arguments point at.
func (r *reading) dependencies() {
	behind := r.behind()
	for _, w := range r.all {
		known := map[string]bool{}
		resolve := map[string]model.ApplicationID{}
		for service, app := range behind {
			namespace, name, _ := strings.Cut(service, "/")
			if namespace == w.namespace {
				known[name], resolve[name] = true, app
			}
		}
		var found []string
		for _, id := range w.app.DependsOn {
			found = append(found, string(r.named(w, id)))
		}
		for _, v := range values(&w.template.Spec) {
			for _, name := range format.NamedServices(v.text, known, v.bare) {
				found = append(found, string(resolve[name]))
			}
			found = append(found, elsewhere(v.text, behind)...)
		}
		w.app.DependsOn = nil
		for _, d := range format.Distinct(found, string(w.app.ID)) {
			w.app.DependsOn = append(w.app.DependsOn, model.ApplicationID(d))
		}
	}
}

// named completes a declared name: "db" means the application of that name, else
// the workload of the same namespace.
func (r *reading) named(w *workload, id model.ApplicationID) model.ApplicationID {
	for _, other := range r.all {
		if other.app.ID == id {
			return id
		}
	}
	for _, other := range r.all {
		if other.namespace == w.namespace && other.name == string(id) {
			return other.app.ID
		}
	}
	return id
}

// behind returns the application behind each Service, by "namespace/name": the
// one that its selector selects, or whose pods are its endpoints.
func (r *reading) behind() map[string]model.ApplicationID {
	behind := map[string]model.ApplicationID{}
	for _, s := range r.state.Slices {
		service := s.Labels["kubernetes.io/service-name"]
		for _, e := range s.Endpoints {
			if e.TargetRef == nil || service == "" {
				continue
			}
			if replica, ok := r.picture.Replicas[s.Namespace+"/"+e.TargetRef.Name]; ok {
				app, _, _ := replica.Split()
				behind[s.Namespace+"/"+service] = app
				break
			}
		}
	}
	for _, s := range r.state.Services {
		if len(s.Spec.Selector) == 0 {
			continue
		}
		selector := labels.SelectorFromSet(s.Spec.Selector)
		for _, w := range r.all {
			if w.namespace == s.Namespace && selector.Matches(labels.Set(w.template.Labels)) {
				behind[s.Namespace+"/"+s.Name] = w.app.ID
				break
			}
		}
	}
	return behind
}

// elsewhere finds addresses in other namespaces: "db.data.svc", "db.data:5432".
func elsewhere(text string, behind map[string]model.ApplicationID) []string {
	if !strings.Contains(text, ".") {
		return nil
	}
	var found []string
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" /:,;@\"'=", c) }) {
		parts := strings.SplitN(word, ".", 3)
		if len(parts) >= 2 {
			if app, ok := behind[parts[1]+"/"+parts[0]]; ok {
				found = append(found, string(app))
			}
		}
	}
	return found
}

// value is a piece of configuration that may name a Service.
type value struct {
	text string
	bare bool // a bare word may be a name
}

// longest is the longest argument that is looked at: scripts are no addresses.
const longest = 1000

func values(spec *corev1.PodSpec) []value {
	var list []value
	for i := range spec.Containers {
		c := &spec.Containers[i]
		for _, e := range c.Env {
			name := strings.ToUpper(e.Name)
			bare := strings.HasSuffix(name, "_HOST") || strings.HasSuffix(name, "_ADDR") || strings.HasSuffix(name, "_HOSTNAME")
			list = append(list, value{e.Value, bare})
		}
		for _, arg := range append(append([]string{}, c.Args...), c.Command...) {
			if len(arg) < longest {
				list = append(list, value{arg, false})
			}
		}
	}
	return list
}
