package kubernetes

import (
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"drover/internal/kubernetes"
	"drover/internal/model"
)

// Indexes remembers which replica each pod of a Deployment is: Kubernetes
// doesn't number them. A pod keeps its number while it lives, and who takes its
// place gets it.
type Indexes struct {
	of map[types.UID]int
}

// NewIndexes returns an empty memory.
func NewIndexes() *Indexes { return &Indexes{of: map[types.UID]int{}} }

// pods gives the replicas their places. Pods that aren't replicas of something
// known count as what their nodes carry besides.
func (r *reading) pods(indexes *Indexes) {
	r.others = map[string]model.Vector{}
	for _, p := range r.state.Pods {
		if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		if p.Labels[kubernetes.MoveLabel] != "" && metav1.GetControllerOf(p) == nil || p.Labels[kubernetes.HoldLabel] != "" {
			continue // a move's own: the plan knows
		}
		owner := metav1.GetControllerOf(p)
		if owner != nil {
			if w := r.byOwner[owner.Kind+"/"+string(owner.UID)]; w != nil {
				if p.DeletionTimestamp == nil {
					w.pods = append(w.pods, p)
				}
				continue
			}
		}
		if p.Spec.NodeName != "" {
			r.others[p.Spec.NodeName] = r.others[p.Spec.NodeName].Add(requestOf(&p.Spec))
		}
	}
	kept := make(map[types.UID]int, len(indexes.of))
	for _, w := range r.all {
		w.app.Placement = make([]model.ServerID, w.app.Replicas)
		for i, p := range w.numbered(indexes) {
			if p == nil {
				continue
			}
			kept[p.UID] = i
			w.app.Placement[i] = model.ServerID(p.Spec.NodeName)
			r.picture.Replicas[p.Namespace+"/"+p.Name] = model.NewReplicaID(w.app.ID, i)
		}
	}
	indexes.of = kept
}

// numbered returns the pods by replica.
func (w *workload) numbered(indexes *Indexes) []*corev1.Pod {
	list := make([]*corev1.Pod, w.app.Replicas)
	var free []*corev1.Pod
	put := func(p *corev1.Pod, i int, ok bool) bool {
		if !ok || i < 0 || i >= len(list) || list[i] != nil {
			return false
		}
		list[i] = p
		return true
	}
	sort.Slice(w.pods, func(i, j int) bool {
		a, b := w.pods[i], w.pods[j]
		if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
			return a.CreationTimestamp.Before(&b.CreationTimestamp)
		}
		return a.Name < b.Name
	})
	var known []*corev1.Pod
	for _, p := range w.pods { // who was numbered by a move, or has a number of its own
		i, err := strconv.Atoi(w.ownNumber(p))
		if !put(p, i-w.firstOrder, err == nil) {
			known = append(known, p)
		}
	}
	for _, p := range known { // who had a number at the last look
		i, ok := indexes.of[p.UID]
		if !put(p, i, ok) {
			free = append(free, p)
		}
	}
	next := 0
	for _, p := range free {
		for next < len(list) && list[next] != nil {
			next++
		}
		put(p, next, true)
	}
	return list
}

// ownNumber returns the number that a pod bears: a StatefulSet's ordinal, or the
// annotation that a move has left.
func (w *workload) ownNumber(p *corev1.Pod) string {
	if w.kind == "StatefulSet" {
		return p.Name[strings.LastIndexByte(p.Name, '-')+1:]
	}
	return p.Annotations[kubernetes.Replica]
}
