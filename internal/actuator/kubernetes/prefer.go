package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"drover/internal/kubernetes"
	"drover/internal/model"
)

// preferWeight is the greatest that a preference can have.
const preferWeight = 100

// preference returns the set as Drover's field manager wants it: preferring a
// node, or with nothing of Drover's where the server is empty.
func (m *stateful) preference(server model.ServerID) map[string]any {
	o := map[string]any{
		"apiVersion": appsv1.SchemeGroupVersion.String(), "kind": "StatefulSet",
		"metadata": map[string]any{"name": m.w.meta().Name, "namespace": m.namespace()},
	}
	if server == "" {
		return o
	}
	term := corev1.PreferredSchedulingTerm{Weight: preferWeight, Preference: corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{
		{Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{string(server)}}}}}
	o["spec"] = map[string]any{"template": map[string]any{"spec": map[string]any{"affinity": map[string]any{"nodeAffinity": map[string]any{
		"preferredDuringSchedulingIgnoredDuringExecution": []any{term}}}}}}
	return o
}

// placementManager is the field manager of the preference alone, so that taking
// it back takes back nothing else.
const placementManager = kubernetes.FieldManager + "-placement"

// prefer has the template prefer a node, by server-side apply, or takes the
// preference back, and waits until the controller has seen it.
func (m *stateful) prefer(ctx context.Context, server model.ServerID) error {
	return m.await(ctx, func() (bool, error) {
		patch, err := json.Marshal(m.preference(server))
		if err != nil {
			return false, refuse("%v", err)
		}
		set, err := m.Client.AppsV1().StatefulSets(m.namespace()).Patch(ctx, m.w.meta().Name, types.ApplyPatchType, patch, metav1.PatchOptions{FieldManager: placementManager})
		if err != nil {
			return false, fmt.Errorf("preferred node: %w", err)
		}
		if server == "" {
			if set, err = m.prune(ctx, set); err != nil {
				return false, err
			}
		}
		m.w.set = set
		if set.Status.ObservedGeneration < set.Generation {
			return false, errNotYet
		}
		return true, nil
	})
}

// prune removes the empty affinity that an apply leaves where it was the first to
// set one: the template is then what it was before, byte for byte.
func (m *stateful) prune(ctx context.Context, set *appsv1.StatefulSet) (*appsv1.StatefulSet, error) {
	a := set.Spec.Template.Spec.Affinity
	if a == nil || a.PodAffinity != nil || a.PodAntiAffinity != nil ||
		a.NodeAffinity != nil && (a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil || len(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0) {
		return set, nil
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": set.ResourceVersion},
		"spec":     map[string]any{"template": map[string]any{"spec": map[string]any{"affinity": nil}}},
	})
	if err != nil {
		return nil, err
	}
	fresh, err := m.Client.AppsV1().StatefulSets(set.Namespace).Patch(ctx, set.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: kubernetes.FieldManager})
	if err != nil {
		return nil, fmt.Errorf("preferred node: %w", err)
	}
	return fresh, nil
}
