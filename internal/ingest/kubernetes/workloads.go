package kubernetes

import (
	"fmt"
	"maps"
	"sort"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"drover/internal/kubernetes"
	"drover/internal/model"
)

// driverName moves what no annotation gives to another driver.
const driverName = "kubernetes"

func (r *reading) warn(format string, args ...any) {
	r.picture.Warnings = append(r.picture.Warnings, fmt.Sprintf(format, args...))
}

// workloads reads Deployments and StatefulSets, in order of namespace and name.
func (r *reading) workloads() {
	r.byOwner = map[string]*workload{}
	byUID := map[string]*workload{}
	for _, d := range r.state.Deployments {
		if w := r.workload("Deployment", &d.ObjectMeta, &d.Spec.Template, d.Spec.Replicas); w != nil {
			byUID[string(d.UID)] = w
		}
	}
	for _, s := range r.state.Sets {
		w := r.workload("StatefulSet", &s.ObjectMeta, &s.Spec.Template, s.Spec.Replicas)
		if w == nil {
			continue
		}
		w.app.Stateful = true
		if s.Spec.Ordinals != nil {
			w.firstOrder = int(s.Spec.Ordinals.Start)
		}
		r.byOwner["StatefulSet/"+string(s.UID)] = w
	}
	for _, rs := range r.state.ReplicaSets {
		if owner := metav1.GetControllerOf(rs); owner != nil && byUID[string(owner.UID)] != nil {
			r.byOwner["ReplicaSet/"+string(rs.UID)] = byUID[string(owner.UID)]
		}
	}
	sort.Slice(r.all, func(i, j int) bool { return r.all[i].app.ID < r.all[j].app.ID })
	r.apart()
}

func (r *reading) workload(kind string, o *metav1.ObjectMeta, t *corev1.PodTemplateSpec, replicas *int32) *workload {
	if o.Annotations[kubernetes.Ignore] == "true" || o.DeletionTimestamp != nil {
		return nil
	}
	w := &workload{kind: kind, namespace: o.Namespace, name: o.Name, template: t, app: model.Application{
		Fleet: r.fleet, ID: kubernetes.ApplicationOf(o, t.Annotations), At: r.at, Replicas: 1, Driver: driverName, ServiceCVMilli: -1,
		Request: requestOf(&t.Spec), Labels: maps.Clone(o.Labels),
	}}
	if replicas != nil {
		w.app.Replicas = int(*replicas)
	}
	for _, other := range r.all {
		if other.app.ID == w.app.ID {
			r.warn("%s: application %q is %s already: it is left out", kubernetes.Ref(kind, o), w.app.ID, other.namespace+"/"+other.name)
			return nil
		}
	}
	policies(&w.app, o.Annotations, func(name, value string, err error) {
		r.warn("%s: annotation %s: %q: %v", kubernetes.Ref(kind, o), name, value, err)
	})
	for _, s := range t.Spec.TopologySpreadConstraints {
		if s.TopologyKey == corev1.LabelTopologyZone && s.WhenUnsatisfiable == corev1.DoNotSchedule && w.app.Replicas > 1 {
			w.app.MinimumZones = 2
		}
	}
	w.app.MoveCost = max(w.app.MoveCost, costOf(&t.Spec))
	r.all = append(r.all, w)
	return w
}

// costOf makes moves of important pods dearer: one for every thousand points of
// priority, at most a hundred.
func costOf(spec *corev1.PodSpec) int64 {
	if spec.Priority == nil || *spec.Priority <= 0 {
		return 0
	}
	return min(int64(*spec.Priority)/1000, 100)
}

// requestOf sums a pod's requests (the limits where nothing is requested): its
// containers together, at least its largest initial one, and what it costs to run.
func requestOf(spec *corev1.PodSpec) model.Vector {
	var sum model.Vector
	for i := range spec.Containers {
		sum = sum.Add(vector(&spec.Containers[i].Resources))
	}
	for i := range spec.InitContainers {
		initial := vector(&spec.InitContainers[i].Resources)
		for k := range sum {
			sum[k] = max(sum[k], initial[k])
		}
	}
	return sum.Add(amounts(spec.Overhead))
}

func vector(r *corev1.ResourceRequirements) model.Vector {
	v, limits := amounts(r.Requests), amounts(r.Limits)
	for k := range v {
		if v[k] == 0 {
			v[k] = limits[k]
		}
	}
	return v
}

func amounts(list corev1.ResourceList) model.Vector {
	return model.Vector{
		model.CPU: list.Cpu().MilliValue(), model.Memory: list.Memory().Value(), model.Disk: list.StorageEphemeral().Value(),
	}
}

// apart reads which applications mustn't, or want to, share a server: required
// terms by host name.
func (r *reading) apart() {
	for _, w := range r.all {
		a := w.template.Spec.Affinity
		if a == nil {
			continue
		}
		if a.PodAntiAffinity != nil {
			w.app.AntiAffinity = r.selected(w, a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
		if a.PodAffinity != nil {
			w.app.Affinity = r.selected(w, a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
	}
}

func (r *reading) selected(w *workload, terms []corev1.PodAffinityTerm) []model.ApplicationID {
	var list []model.ApplicationID
	for _, other := range r.all {
		for i := range terms {
			selector, err := metav1.LabelSelectorAsSelector(terms[i].LabelSelector)
			if err != nil || terms[i].TopologyKey != corev1.LabelHostname || !spans(&terms[i], w.namespace, other.namespace) {
				continue
			}
			if selector.Matches(labels.Set(other.template.Labels)) {
				list = append(list, other.app.ID)
				break
			}
		}
	}
	return list
}

// spans tells whether a term of a pod in one namespace reaches another.
func spans(t *corev1.PodAffinityTerm, own, other string) bool {
	if len(t.Namespaces) == 0 && t.NamespaceSelector == nil {
		return own == other
	}
	for _, n := range t.Namespaces {
		if n == other {
			return true
		}
	}
	return t.NamespaceSelector != nil // by labels of namespaces, which aren't read: rather too many than too few
}

// budgets writes what disruption budgets leave into labels: the driver keeps to
// the budgets, people see why nothing moves.
func (r *reading) budgets() {
	for _, b := range r.state.Budgets {
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil || b.Spec.Selector == nil {
			continue
		}
		for _, w := range r.all {
			if w.namespace != b.Namespace || !selector.Matches(labels.Set(w.template.Labels)) {
				continue
			}
			if w.app.Labels == nil {
				w.app.Labels = map[string]string{}
			}
			w.app.Labels["drover.dev/disruption-budget"] = b.Name
			w.app.Labels["drover.dev/must-be-healthy"] = strconv.Itoa(int(b.Status.DesiredHealthy))
		}
	}
}
