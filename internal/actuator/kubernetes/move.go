package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"drover/internal/actuator"
	"drover/internal/kubernetes"
	"drover/internal/model"
)

// move is one command's look at a workload, with what all kinds of workloads
// need.
type move struct {
	*Driver
	w      *workload
	c      *actuator.Command
	digest string
}

func (m *move) namespace() string { return m.w.meta().Namespace }

// index returns the replica's index.
func (m *move) index() (int, error) {
	_, index, err := m.c.Move.Replica.Split()
	return index, err
}

// await looks until ready says true, the context ends, or what it meets is final.
func (m *move) await(ctx context.Context, ready func() (bool, error)) error {
	var final error
	err := actuator.Poll(ctx, m.Poll, func() (bool, error) {
		ok, err := ready()
		if err != nil && !transient(err) && !errors.Is(err, errNotYet) {
			final = err
			return true, nil
		}
		return ok, err
	})
	if err != nil {
		return err
	}
	return final
}

// pod reads a pod; nil where there is none.
func (m *move) pod(ctx context.Context, name string) (*corev1.Pod, error) {
	p, err := m.Client.CoreV1().Pods(m.namespace()).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("pod %s: %w", name, err)
	}
	return p, nil
}

// look reads a pod, waiting for the API server where that is away.
func (m *move) look(ctx context.Context, name string) (*corev1.Pod, error) {
	var p *corev1.Pod
	err := m.patiently(ctx, func() (err error) {
		p, err = m.pod(ctx, name)
		return err
	})
	return p, err
}

// podFor reads a pod that is to stand, or stands, on a server which can take it;
// nil where there is none.
func (m *move) podFor(ctx context.Context, server model.ServerID, name string) (*corev1.Pod, error) {
	if err := m.usable(ctx, server); err != nil {
		return nil, err
	}
	return m.pod(ctx, name)
}

// pods lists the pods that the workload's selector selects, by name.
func (m *move) pods(ctx context.Context) ([]corev1.Pod, error) {
	selector, err := metav1.LabelSelectorAsSelector(m.w.selector())
	if err != nil {
		return nil, refuse("selector: %v", err)
	}
	list, err := m.Client.CoreV1().Pods(m.namespace()).List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return nil, fmt.Errorf("pods: %w", err)
	}
	return list.Items, nil
}

// annotatePod merges into a pod's metadata, if it is still the version read.
func (m *move) mergePod(ctx context.Context, p *corev1.Pod, metadata map[string]any) (*corev1.Pod, error) {
	metadata["resourceVersion"], metadata["uid"] = p.ResourceVersion, p.UID
	patch, err := json.Marshal(map[string]any{"metadata": metadata})
	if err != nil {
		return nil, err
	}
	fresh, err := m.Client.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: kubernetes.FieldManager})
	if err != nil {
		return nil, fmt.Errorf("pod %s: %w", p.Name, err)
	}
	return fresh, nil
}

// epochText is the epoch as annotations have it.
func (m *move) epochText() string { return strconv.FormatInt(m.c.Step.Epoch, 10) }

// overtaken tells whether a newer owner has written to the pod.
func (m *move) overtaken(p *corev1.Pod) error {
	seen, err := strconv.ParseInt(p.Annotations[kubernetes.Epoch], 10, 64)
	if err == nil && seen > m.c.Step.Epoch {
		return fmt.Errorf("pod %s is epoch %d's: %w", p.Name, seen, actuator.ErrStale)
	}
	return nil
}

// usable returns why nothing can be placed on a node, or nil.
func (m *move) usable(ctx context.Context, server model.ServerID) error {
	n, err := m.Client.CoreV1().Nodes().Get(ctx, string(server), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return refuse("there is no node %s", server)
	case err != nil:
		return fmt.Errorf("node %s: %w", server, err)
	case n.DeletionTimestamp != nil:
		return refuse("node %s is being deleted", server)
	case n.Spec.Unschedulable:
		return refuse("node %s is cordoned", server)
	case !nodeReady(n):
		return refuse("node %s isn't ready", server)
	}
	return nil
}

func nodeReady(n *corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// evict asks for a pod's eviction until it is granted: budgets may refuse it for
// a while. A pod of another identity, or one that is ending, is left alone.
func (m *move) evict(ctx context.Context, name string, uid types.UID) error {
	return m.await(ctx, func() (bool, error) {
		p, err := m.pod(ctx, name)
		if err != nil || p == nil || p.UID != uid || p.DeletionTimestamp != nil {
			return err == nil, err
		}
		if err := m.overtaken(p); err != nil {
			return false, err
		}
		eviction := &policyv1.Eviction{
			ObjectMeta:    metav1.ObjectMeta{Name: name, Namespace: p.Namespace},
			DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &p.ResourceVersion}},
		}
		err = m.Client.PolicyV1().Evictions(p.Namespace).Evict(ctx, eviction)
		if apierrors.IsNotFound(err) {
			err = nil
		}
		if err != nil {
			return false, fmt.Errorf("eviction of pod %s: %w", name, err)
		}
		m.Trace.At("evicted")
		return true, nil
	})
}

// remove deletes a pod that was made here and waits until it has gone. Where its
// node is away nobody would confirm that, so it is deleted without asking.
func (m *move) remove(ctx context.Context, name string) error {
	return m.await(ctx, func() (bool, error) {
		p, err := m.pod(ctx, name)
		if err != nil || p == nil {
			return err == nil, err
		}
		options := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID}}
		force := false
		if p.Spec.NodeName != "" {
			var own *refusal
			err := m.usable(ctx, model.ServerID(p.Spec.NodeName))
			force = asRefusal(err, &own) && !m.nodeAlive(ctx, p.Spec.NodeName)
		}
		if p.DeletionTimestamp != nil && !force {
			return false, errNotYet
		}
		if force {
			options.GracePeriodSeconds = new(int64)
		}
		err = m.Client.CoreV1().Pods(p.Namespace).Delete(ctx, name, options)
		if err != nil && !apierrors.IsNotFound(err) {
			return false, fmt.Errorf("delete pod %s: %w", name, err)
		}
		return false, errNotYet
	})
}

// nodeAlive tells whether a node's kubelet answers, as far as is known.
func (m *move) nodeAlive(ctx context.Context, name string) bool {
	n, err := m.Client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	return err != nil && !apierrors.IsNotFound(err) || err == nil && nodeReady(n)
}

// served tells whether the pod is a ready endpoint of every Service that selects
// it.
func (m *move) served(ctx context.Context, p *corev1.Pod, want bool) (bool, error) {
	services, err := m.Client.CoreV1().Services(p.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return false, fmt.Errorf("services: %w", err)
	}
	for i := range services.Items {
		s := &services.Items[i]
		if len(s.Spec.Selector) == 0 || !labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(p.Labels)) {
			continue
		}
		slices, err := m.Client.DiscoveryV1().EndpointSlices(p.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + s.Name})
		if err != nil {
			return false, fmt.Errorf("endpoints of service %s: %w", s.Name, err)
		}
		ready := false
		for _, slice := range slices.Items {
			for _, e := range slice.Endpoints {
				if e.TargetRef != nil && e.TargetRef.Name == p.Name && e.Conditions.Ready != nil && *e.Conditions.Ready {
					ready = true
				}
			}
		}
		if ready != want {
			return false, nil
		}
	}
	return true, nil
}

// condition returns a pod's condition.
func condition(p *corev1.Pod, t corev1.PodConditionType) corev1.ConditionStatus {
	for _, c := range p.Status.Conditions {
		if c.Type == t {
			return c.Status
		}
	}
	return corev1.ConditionUnknown
}

// waitingFor says what a pod that isn't ready waits for, as far as its status
// tells.
func waitingFor(p *corev1.Pod) string {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return "not scheduled: " + c.Reason + ": " + c.Message
		}
	}
	for _, s := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
		if w := s.State.Waiting; w != nil {
			return fmt.Sprintf("container %s: %s: %s", s.Name, w.Reason, w.Message)
		}
	}
	return "its containers aren't ready"
}
