package kubernetes

import (
	"encoding/json"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drover/internal/kubernetes"
	"drover/internal/model"
)

// maxName bounds the names of the pods that are made here: a pod's name is its
// host name, too.
const maxName = 63

// podName names the pod that a move makes for a server; each leg has its own.
func (m *move) podName(server model.ServerID) string {
	end := "-" + model.Digest(m.c.Subject(), string('0'+rune(m.c.Step.Leg())), string(server))[:10]
	name := m.w.meta().Name
	return name[:min(len(name), maxName-len(end))] + end
}

// replacement returns the pod of a ReplicaSet's template that asks for a node,
// held back from being placed, and without traffic. Its labels are those by
// which Services, budgets and spread constraints know the application; the
// template's hash, by which the ReplicaSet does, comes later.
func (m *move) replacement(rs *appsv1.ReplicaSet, server model.ServerID, replaces string) *corev1.Pod {
	template := rs.Spec.Template.DeepCopy()
	p := &corev1.Pod{Spec: template.Spec, ObjectMeta: metav1.ObjectMeta{
		Name: m.podName(server), Namespace: rs.Namespace, Labels: maps.Clone(template.Labels), Annotations: maps.Clone(template.Annotations),
	}}
	delete(p.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	p.Labels[kubernetes.MoveLabel] = m.digest
	if p.Annotations == nil {
		p.Annotations = map[string]string{}
	}
	p.Annotations[kubernetes.Replaces] = replaces
	p.Annotations[kubernetes.Hash] = template.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	p.Annotations[kubernetes.Epoch] = m.epochText()
	p.Spec.SchedulingGates = append(p.Spec.SchedulingGates, corev1.PodSchedulingGate{Name: kubernetes.PlacementGate})
	p.Spec.ReadinessGates = append(p.Spec.ReadinessGates, corev1.PodReadinessGate{ConditionType: kubernetes.ServingGate})
	requireNode(&p.Spec, server)
	return p
}

// requireNode narrows a pod's node affinity to one node. Terms are alternatives,
// so each of them is narrowed.
func requireNode(spec *corev1.PodSpec, server model.ServerID) {
	only := corev1.NodeSelectorRequirement{Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{string(server)}}
	if spec.Affinity == nil {
		spec.Affinity = &corev1.Affinity{}
	}
	if spec.Affinity.NodeAffinity == nil {
		spec.Affinity.NodeAffinity = &corev1.NodeAffinity{}
	}
	required := &spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if *required == nil || len((*required).NodeSelectorTerms) == 0 {
		*required = &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{}}}
	}
	for i := range (*required).NodeSelectorTerms {
		t := &(*required).NodeSelectorTerms[i]
		t.MatchFields = append(t.MatchFields, only)
	}
}

// placeholder returns a pod that keeps the room of a template's pod on a node.
func (m *move) placeholder(template *corev1.PodTemplateSpec, server model.ServerID) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: m.podName(server), Namespace: m.namespace(), Labels: map[string]string{kubernetes.HoldLabel: m.digest},
		Annotations: map[string]string{kubernetes.Epoch: m.epochText()},
	}}
	automount, grace := false, int64(0)
	p.Spec = corev1.PodSpec{
		Containers:    []corev1.Container{{Name: "hold", Image: m.HoldImage, Resources: corev1.ResourceRequirements{Requests: requests(&template.Spec)}}},
		Tolerations:   slices.Clone(template.Spec.Tolerations),
		RestartPolicy: corev1.RestartPolicyNever, PriorityClassName: template.Spec.PriorityClassName,
		AutomountServiceAccountToken: &automount, TerminationGracePeriodSeconds: &grace,
	}
	requireNode(&p.Spec, server)
	return p
}

// requests sums what the containers ask for.
func requests(spec *corev1.PodSpec) corev1.ResourceList {
	sum := corev1.ResourceList{}
	for i := range spec.Containers {
		for name, q := range spec.Containers[i].Resources.Requests {
			total := sum[name]
			total.Add(q)
			sum[name] = total
		}
	}
	return sum
}

// gatePatch takes the placement gate from the version that was read.
func gatePatch(p *corev1.Pod) ([]byte, error) {
	return json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": p.ResourceVersion, "uid": p.UID},
		"spec":     map[string]any{"schedulingGates": []any{map[string]any{"$patch": "delete", "name": kubernetes.PlacementGate}}},
	})
}

// gated tells whether the placement gate still holds the pod.
func gated(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Spec.SchedulingGates, func(g corev1.PodSchedulingGate) bool { return g.Name == kubernetes.PlacementGate })
}
