package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"drover/internal/kubernetes"
	"drover/internal/model"
)

// surge moves a Deployment's replica by a pod beside it.
type surge struct{ move }

// deletionCost is what the ReplicaSet controller goes by when it has one pod too
// many: the adopted one stays.
const (
	deletionCost = "controller.kubernetes.io/pod-deletion-cost"
	stays        = "1000000"
)

func asRefusal(err error, own **refusal) bool { return errors.As(err, own) }

// replicaSet returns the ReplicaSet that has the Deployment's replicas. While
// there are two, a roll-out is under way, and nothing is moved.
func (m *surge) replicaSet(ctx context.Context) (*appsv1.ReplicaSet, error) {
	d := m.w.deployment
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return nil, refuse("selector: %v", err)
	}
	list, err := m.Client.AppsV1().ReplicaSets(d.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return nil, fmt.Errorf("replica sets: %w", err)
	}
	var found *appsv1.ReplicaSet
	for i := range list.Items {
		rs := &list.Items[i]
		if !metav1.IsControlledBy(rs, d) || rs.Spec.Replicas == nil || *rs.Spec.Replicas == 0 {
			continue
		}
		if found != nil {
			return nil, refuse("a roll-out is under way: %s and %s both have replicas", found.Name, rs.Name)
		}
		found = rs
	}
	if found == nil {
		return nil, refuse("it has no replicas")
	}
	return found, nil
}

// admit checks that the move can be made and claims the pod that it takes away.
func (m *surge) admit(ctx context.Context) error {
	if err := m.movable(ctx); err != nil {
		return err
	}
	return m.await(ctx, func() (bool, error) {
		if m.w.deployment.Status.ObservedGeneration < m.w.deployment.Generation {
			if err := m.read(ctx, m.w, m.namespace(), m.w.meta().Name); err != nil {
				return false, err
			}
			return false, errNotYet
		}
		if err := m.usable(ctx, m.c.Move.To); err != nil {
			return false, err
		}
		rs, err := m.replicaSet(ctx)
		if err != nil {
			return false, err
		}
		p, err := m.source(ctx, rs)
		if err != nil {
			return false, err
		}
		_, err = m.claim(ctx, p)
		return err == nil, err
	})
}

// movable refuses pods whose volumes only one node can have.
func (m *surge) movable(ctx context.Context) error {
	for _, v := range m.w.deployment.Spec.Template.Spec.Volumes {
		if v.PersistentVolumeClaim == nil {
			continue
		}
		claim, err := m.Client.CoreV1().PersistentVolumeClaims(m.namespace()).Get(ctx, v.PersistentVolumeClaim.ClaimName, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("volume %s: %w", v.Name, err)
		}
		shared := false
		for _, mode := range claim.Spec.AccessModes {
			shared = shared || mode == corev1.ReadWriteMany || mode == corev1.ReadOnlyMany
		}
		if !shared {
			return refuse("claim %s of volume %s can be mounted on one node only, so that two pods can't stand side by side", claim.Name, v.Name)
		}
	}
	return nil
}

// source returns the pod on the move's source: the one that is claimed, else the
// replica's own by its annotation, else the first that no other move has claimed.
func (m *surge) source(ctx context.Context, rs *appsv1.ReplicaSet) (*corev1.Pod, error) {
	pods, err := m.pods(ctx)
	if err != nil {
		return nil, err
	}
	index, err := m.index()
	if err != nil {
		return nil, refuse("%v", err)
	}
	var best *corev1.Pod
	known := m.w.commands()
	for i := range pods {
		p := &pods[i]
		if p.Spec.NodeName != string(m.c.Move.From) || p.DeletionTimestamp != nil || !metav1.IsControlledBy(p, rs) {
			continue
		}
		by := p.Annotations[kubernetes.Claim]
		if by == m.digest {
			return p, nil
		}
		if _, held := known[kubernetes.CommandPrefix+by]; held {
			continue
		}
		if best == nil || p.Annotations[kubernetes.Replica] == strconv.Itoa(index) {
			best = p
		}
	}
	if best == nil {
		return nil, refuse("no pod of %s on node %s is free to be moved", rs.Name, m.c.Move.From)
	}
	return best, nil
}

// claim writes the move and its owner's epoch onto the pod that it takes away.
func (m *surge) claim(ctx context.Context, p *corev1.Pod) (*corev1.Pod, error) {
	if err := m.overtaken(p); err != nil {
		return nil, err
	}
	if p.Annotations[kubernetes.Claim] == m.digest && p.Annotations[kubernetes.Epoch] == m.epochText() {
		return p, nil
	}
	return m.mergePod(ctx, p, map[string]any{"annotations": map[string]any{kubernetes.Claim: m.digest, kubernetes.Epoch: m.epochText()}})
}

// provision makes the pod beside the source and waits until it is ready.
func (m *surge) provision(ctx context.Context) error {
	_, err := m.stand(ctx, m.c.Move.To, func(rs *appsv1.ReplicaSet) (*corev1.Pod, error) { return m.source(ctx, rs) })
	return err
}

// stand makes sure that a pod beside the one that it is to replace is ready on a
// server, without traffic.
func (m *surge) stand(ctx context.Context, server model.ServerID, replaced func(*appsv1.ReplicaSet) (*corev1.Pod, error)) (*corev1.Pod, error) {
	var ready *corev1.Pod
	err := m.await(ctx, func() (bool, error) {
		p, err := m.podFor(ctx, server, m.podName(server))
		if err != nil {
			return false, err
		}
		if p == nil {
			return false, m.make(ctx, server, replaced)
		}
		if err := m.overtaken(p); err != nil {
			return false, err
		}
		if p.DeletionTimestamp != nil {
			return false, fmt.Errorf("pod %s is ending: %w", p.Name, errNotYet)
		}
		if gated(p) {
			return false, m.ungate(ctx, p)
		}
		if p.Spec.NodeName != "" && p.Spec.NodeName != string(server) {
			return false, refuse("pod %s landed on node %s, not on %s", p.Name, p.Spec.NodeName, server)
		}
		if condition(p, corev1.ContainersReady) != corev1.ConditionTrue {
			return false, fmt.Errorf("pod %s on node %s isn't ready: %s", p.Name, server, waitingFor(p))
		}
		ready = p
		return true, nil
	})
	return ready, err
}

// make creates the pod, held by the placement gate.
func (m *surge) make(ctx context.Context, server model.ServerID, replaced func(*appsv1.ReplicaSet) (*corev1.Pod, error)) error {
	rs, err := m.replicaSet(ctx)
	if err != nil {
		return err
	}
	old, err := replaced(rs)
	if err != nil {
		return err
	}
	if old, err = m.claim(ctx, old); err != nil {
		return err
	}
	p := m.replacement(rs, server, old.Name+"/"+string(old.UID))
	_, err = m.Client.CoreV1().Pods(p.Namespace).Create(ctx, p, metav1.CreateOptions{FieldManager: kubernetes.FieldManager})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("pod %s: %w", p.Name, err)
	}
	m.Trace.At("made")
	return errNotYet
}

// ungate lets the scheduler place the pod.
func (m *surge) ungate(ctx context.Context, p *corev1.Pod) error {
	patch, err := gatePatch(p)
	if err != nil {
		return err
	}
	_, err = m.Client.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{FieldManager: kubernetes.FieldManager})
	if err != nil {
		return fmt.Errorf("pod %s: placement gate: %w", p.Name, err)
	}
	m.Trace.At("placed")
	return errNotYet
}

// cutOver gives the new pod traffic, has the old one evicted and the new one
// adopted.
func (m *surge) cutOver(ctx context.Context) error {
	p, err := m.stand(ctx, m.c.Move.To, func(*appsv1.ReplicaSet) (*corev1.Pod, error) {
		return nil, refuse("pod %s has gone", m.podName(m.c.Move.To))
	})
	if err != nil {
		return err
	}
	return m.swap(ctx, p)
}

// swap puts a ready pod in the place of the one that it replaces.
func (m *surge) swap(ctx context.Context, p *corev1.Pod) error {
	name, uid, _ := strings.Cut(p.Annotations[kubernetes.Replaces], "/")
	if err := m.current(ctx, p); err != nil {
		return err
	}
	if err := m.serve(ctx, p.Name, corev1.ConditionTrue); err != nil {
		return err
	}
	m.Trace.At("serving")
	if err := m.evict(ctx, name, types.UID(uid)); err != nil {
		return err
	}
	return m.adopt(ctx, p.Name)
}

// current refuses to go on with a pod of a template that has been replaced.
func (m *surge) current(ctx context.Context, p *corev1.Pod) error {
	var rs *appsv1.ReplicaSet
	err := m.patiently(ctx, func() (err error) {
		rs, err = m.replicaSet(ctx)
		return err
	})
	if err == nil && rs.Labels[appsv1.DefaultDeploymentUniqueLabelKey] != p.Annotations[kubernetes.Hash] {
		err = refuse("the template has changed since pod %s was made", p.Name)
	}
	return err
}

// serve opens or closes a pod's readiness gate and waits until the Services'
// endpoints follow.
func (m *surge) serve(ctx context.Context, name string, status corev1.ConditionStatus) error {
	return m.await(ctx, func() (bool, error) {
		p, err := m.pod(ctx, name)
		switch {
		case err != nil:
			return false, err
		case p == nil && status == corev1.ConditionTrue:
			return false, refuse("pod %s has gone", name)
		case p == nil || p.DeletionTimestamp != nil && status != corev1.ConditionTrue:
			return true, nil
		}
		if err := m.overtaken(p); err != nil {
			return false, err
		}
		if condition(p, kubernetes.ServingGate) != status {
			return false, m.gate(ctx, p, status)
		}
		if (condition(p, corev1.PodReady) == corev1.ConditionTrue) != (status == corev1.ConditionTrue) {
			return false, fmt.Errorf("pod %s: %s: %w", name, waitingFor(p), errNotYet)
		}
		ok, err := m.served(ctx, p, status == corev1.ConditionTrue)
		if err == nil && !ok {
			err = fmt.Errorf("the endpoints don't show pod %s's readiness: %w", name, errNotYet)
		}
		return ok, err
	})
}

// gate writes the readiness gate's condition into the version that was read.
func (m *surge) gate(ctx context.Context, p *corev1.Pod, status corev1.ConditionStatus) error {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": p.ResourceVersion, "uid": p.UID},
		"status": map[string]any{"conditions": []any{map[string]any{
			"type": kubernetes.ServingGate, "status": status, "reason": "Drover", "lastTransitionTime": metav1.Now()}}},
	})
	if err != nil {
		return err
	}
	_, err = m.Client.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{FieldManager: kubernetes.FieldManager}, "status")
	if err != nil {
		return fmt.Errorf("pod %s: readiness gate: %w", p.Name, err)
	}
	return errNotYet
}

// adopt gives the pod its template's hash and waits until the ReplicaSet has
// taken it.
func (m *surge) adopt(ctx context.Context, name string) error {
	return m.await(ctx, func() (bool, error) {
		p, err := m.pod(ctx, name)
		if err != nil {
			return false, err
		}
		if p == nil || p.DeletionTimestamp != nil {
			return false, refuse("pod %s has gone", name)
		}
		if metav1.GetControllerOf(p) != nil {
			return true, nil
		}
		if p.Labels[appsv1.DefaultDeploymentUniqueLabelKey] == "" {
			_, err := m.mergePod(ctx, p, map[string]any{
				"labels":      map[string]any{appsv1.DefaultDeploymentUniqueLabelKey: p.Annotations[kubernetes.Hash]},
				"annotations": map[string]any{deletionCost: stays, kubernetes.Epoch: m.epochText()},
			})
			if err == nil {
				m.Trace.At("adopted")
				err = errNotYet
			}
			return false, err
		}
		return false, fmt.Errorf("pod %s isn't adopted: %w", name, errNotYet)
	})
}
