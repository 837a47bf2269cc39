package kubernetes

import (
	"maps"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	schedule "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"

	"drover/internal/kubernetes"
	"drover/internal/model"
)

// openEnd is how long a maintenance lasts whose end nobody has told.
const openEnd = 24 * time.Hour

// rackLabel is where racks are told.
const rackLabel = "topology.kubernetes.io/rack"

// servers reads the nodes, and where each application may run.
func (r *reading) servers() {
	for _, n := range r.state.Nodes {
		if n.Annotations[kubernetes.Ignore] == "true" {
			continue
		}
		s := model.Server{Fleet: r.fleet, ID: model.ServerID(n.Name), At: r.at, Labels: maps.Clone(n.Labels),
			Zone: n.Labels[corev1.LabelTopologyZone], Rack: n.Labels[rackLabel],
			Unschedulable: n.Spec.Unschedulable || n.DeletionTimestamp != nil || !ready(n)}
		// What DaemonSets and the like ask for can't be given to replicas.
		s.Capacity = amounts(n.Status.Allocatable).Sub(r.others[n.Name])
		for k := range s.Capacity {
			s.Capacity[k] = max(s.Capacity[k], 0)
		}
		r.picture.Servers[s.ID] = s
		r.maintenance(n)
	}
	for _, w := range r.all {
		w.app.AllowedServers = r.allowed(w)
	}
}

func ready(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// allowed lists the nodes that a workload's pods may be scheduled to by their
// selector, required node affinity and tolerations; none where these restrict
// nothing. Readiness and cordon are the server's and not counted here.
func (r *reading) allowed(w *workload) []model.ServerID {
	pod := &corev1.Pod{ObjectMeta: w.template.ObjectMeta, Spec: w.template.Spec}
	required := nodeaffinity.GetRequiredNodeAffinity(pod)
	var list []model.ServerID
	restricted := false
	for _, n := range r.state.Nodes {
		if _, known := r.picture.Servers[model.ServerID(n.Name)]; !known {
			restricted = true
			continue
		}
		match, err := required.Match(n)
		_, tainted := schedule.FindMatchingUntoleratedTaint(klog.Background(), n.Spec.Taints, w.template.Spec.Tolerations, keepsOut, true)
		if err == nil && match && !tainted {
			list = append(list, model.ServerID(n.Name))
		} else {
			restricted = true
		}
	}
	if !restricted {
		return nil
	}
	if len(list) == 0 {
		r.warn("application %q: no node may have it: its replicas stay where they are", w.app.ID)
		for _, s := range w.app.Placement {
			if s != "" {
				list = append(list, s)
			}
		}
	}
	return list
}

// keepsOut tells whether a taint is one of the node's own: those that say that it
// isn't ready or is cordoned come and go.
func keepsOut(t *corev1.Taint) bool {
	return t.Effect != corev1.TaintEffectPreferNoSchedule && !strings.HasPrefix(t.Key, "node.kubernetes.io/")
}

// maintenance reads a node's announced windows and the taints that mean one.
func (r *reading) maintenance(n *corev1.Node) {
	m := model.Maintenance{Fleet: r.fleet, Server: model.ServerID(n.Name), At: r.at,
		Reason: n.Annotations[kubernetes.MaintenanceReason], Hook: n.Annotations[kubernetes.MaintenanceHook]}
	if n.Annotations[kubernetes.MaintenanceStart] != "" {
		announced := m
		announced.ID = "kubernetes/" + n.Name + "/announced"
		if r.window(n, &announced) {
			r.picture.Maintenance[announced.ID] = announced
		}
	}
	if n.Annotations[kubernetes.Drain] == "true" {
		drain := m
		drain.ID, drain.Start = "kubernetes/"+n.Name+"/drain", r.at
		if drain.Reason == "" {
			drain.Reason = "annotation " + kubernetes.Drain
		}
		drain.End = drain.Start.Add(openEnd)
		r.picture.Maintenance[drain.ID] = drain
	}
	for _, t := range n.Spec.Taints {
		start, ok := r.announces(&t)
		if !ok {
			continue
		}
		tainted := m
		tainted.ID, tainted.Start, tainted.End = "kubernetes/"+n.Name+"/"+t.Key, start, start.Add(openEnd)
		if tainted.Reason == "" {
			tainted.Reason = "taint " + t.Key
		}
		r.picture.Maintenance[tainted.ID] = tainted
	}
}

// window reads an announced maintenance.
func (r *reading) window(n *corev1.Node, m *model.Maintenance) bool {
	start, err := model.ParseInstant(n.Annotations[kubernetes.MaintenanceStart])
	if err != nil {
		r.warn("node %s: annotation %s: %v", n.Name, kubernetes.MaintenanceStart, err)
		return false
	}
	m.Start, m.End = start, start.Add(openEnd)
	if text := n.Annotations[kubernetes.MaintenanceEnd]; text != "" {
		if m.End, err = model.ParseInstant(text); err != nil || m.End <= m.Start {
			r.warn("node %s: annotation %s: %q: want a time after the start", n.Name, kubernetes.MaintenanceEnd, text)
			return false
		}
	}
	return true
}

// announces tells whether a taint means that the node will be taken away, and
// from when.
func (r *reading) announces(t *corev1.Taint) (model.Instant, bool) {
	start := r.at
	if t.TimeAdded != nil {
		start = model.InstantOf(t.TimeAdded.Time)
	}
	switch {
	case t.Key == "ToBeDeletedByClusterAutoscaler":
		if s, err := strconv.ParseInt(t.Value, 10, 64); err == nil {
			start = model.InstantOf(time.Unix(s, 0))
		}
		return start, true
	case t.Key == corev1.TaintNodeOutOfService, t.Key == "node.cloudprovider.kubernetes.io/shutdown", t.Key == "karpenter.sh/disrupted",
		strings.Contains(t.Key, "maintenance"):
		return start, true
	}
	return 0, false
}
