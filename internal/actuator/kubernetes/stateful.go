package kubernetes

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drover/internal/kubernetes"
	"drover/internal/model"
)

// stateful moves a StatefulSet's pod, which is ended before it starts elsewhere.
// A set is claimed by one move at a time, since its template is steered.
type stateful struct{ move }

// name returns the name of the replica's pod.
func (m *stateful) name() (string, error) {
	index, err := m.index()
	if err != nil {
		return "", refuse("%v", err)
	}
	if o := m.w.set.Spec.Ordinals; o != nil {
		index += int(o.Start)
	}
	return m.w.set.Name + "-" + strconv.Itoa(index), nil
}

// admit checks that the pod can be moved, and claims the set.
func (m *stateful) admit(ctx context.Context) error {
	name, err := m.name()
	if err != nil {
		return err
	}
	if n := m.w.set.Spec.Template.Spec.Affinity; n != nil && n.NodeAffinity != nil && len(n.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) > 0 &&
		m.w.set.Annotations[kubernetes.Claim] == "" {
		return refuse("its template prefers nodes already, and Drover would have to replace that")
	}
	err = m.await(ctx, func() (bool, error) {
		p, err := m.podFor(ctx, m.c.Move.To, name)
		switch {
		case err != nil:
			return false, err
		case p == nil || p.DeletionTimestamp != nil:
			return false, fmt.Errorf("pod %s isn't there: %w", name, errNotYet)
		case p.Spec.NodeName != string(m.c.Move.From):
			return false, refuse("pod %s is on node %q, not on %s", name, p.Spec.NodeName, m.c.Move.From)
		}
		return true, m.volumes(ctx, p)
	})
	if err != nil {
		return err
	}
	return m.annotate(ctx, m.w, func() (map[string]any, error) {
		by := m.w.meta().Annotations[kubernetes.Claim]
		if _, held := m.w.commands()[kubernetes.CommandPrefix+by]; held && by != m.digest {
			return nil, apierrors.NewConflict(corev1.Resource("statefulsets"), m.w.meta().Name, fmt.Errorf("another move steers it"))
		}
		return map[string]any{kubernetes.Claim: m.digest}, nil
	})
}

// volumes refuses pods whose data are on their node.
func (m *stateful) volumes(ctx context.Context, p *corev1.Pod) error {
	for _, v := range p.Spec.Volumes {
		if v.HostPath != nil {
			return refuse("volume %s is a folder of node %s", v.Name, p.Spec.NodeName)
		}
		if v.PersistentVolumeClaim == nil {
			continue
		}
		claim, err := m.Client.CoreV1().PersistentVolumeClaims(p.Namespace).Get(ctx, v.PersistentVolumeClaim.ClaimName, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("volume %s: %w", v.Name, err)
		}
		if claim.Spec.VolumeName == "" {
			continue
		}
		pv, err := m.Client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("volume %s: %w", v.Name, err)
		}
		if pv.Spec.Local != nil || pv.Spec.HostPath != nil {
			return refuse("volume %s is on node %s: its data would stay behind", v.Name, p.Spec.NodeName)
		}
	}
	return nil
}

// provision keeps room at the target.
func (m *stateful) provision(ctx context.Context) error {
	return m.hold(ctx, m.c.Move.To)
}

func (m *stateful) hold(ctx context.Context, server model.ServerID) error {
	return m.await(ctx, func() (bool, error) {
		p, err := m.podFor(ctx, server, m.podName(server))
		if err != nil {
			return false, err
		}
		if p == nil {
			p = m.placeholder(&m.w.set.Spec.Template, server)
			_, err := m.Client.CoreV1().Pods(p.Namespace).Create(ctx, p, metav1.CreateOptions{FieldManager: kubernetes.FieldManager})
			if err != nil && !apierrors.IsAlreadyExists(err) {
				return false, fmt.Errorf("placeholder: %w", err)
			}
			m.Trace.At("held")
			return false, errNotYet
		}
		if p.Spec.NodeName != string(server) {
			return false, fmt.Errorf("placeholder %s: %s", p.Name, waitingFor(p))
		}
		return p.DeletionTimestamp == nil, errIf(p.DeletionTimestamp != nil)
	})
}

func errIf(wait bool) error {
	if wait {
		return errNotYet
	}
	return nil
}

// cutOver steers the pod to the target.
func (m *stateful) cutOver(ctx context.Context) error { return m.steer(ctx, m.c.Move.To) }

// reverseCutOver steers it back.
func (m *stateful) reverseCutOver(ctx context.Context) error { return m.steer(ctx, m.c.Move.From) }

// steer has the pod start on a server: the template prefers it for as long as
// that takes.
func (m *stateful) steer(ctx context.Context, server model.ServerID) error {
	name, err := m.name()
	if err != nil {
		return err
	}
	p, err := m.look(ctx, name)
	if err != nil {
		return err
	}
	if p == nil || p.DeletionTimestamp != nil || p.Spec.NodeName != string(server) {
		if err := m.prefer(ctx, server); err != nil {
			return err
		}
		m.Trace.At("preferred")
		if err := m.remove(ctx, m.podName(m.c.Move.To)); err != nil {
			return err
		}
		m.Trace.At("vacated")
		if p != nil {
			if err := m.evict(ctx, name, p.UID); err != nil {
				return err
			}
		}
	}
	if err := m.landed(ctx, name, server); err != nil {
		return err
	}
	m.Trace.At("landed")
	return m.prefer(ctx, "")
}

// landed waits until the pod is ready, where it has to be.
func (m *stateful) landed(ctx context.Context, name string, server model.ServerID) error {
	return m.await(ctx, func() (bool, error) {
		p, err := m.pod(ctx, name)
		switch {
		case err != nil:
			return false, err
		case p == nil || p.DeletionTimestamp != nil || p.Spec.NodeName == "":
			return false, fmt.Errorf("pod %s isn't placed: %w", name, errNotYet)
		case p.Spec.NodeName != string(server):
			return false, refuse("pod %s landed on node %s, not on %s", name, p.Spec.NodeName, server)
		case condition(p, corev1.PodReady) != corev1.ConditionTrue:
			return false, fmt.Errorf("pod %s on node %s: %s", name, server, waitingFor(p))
		}
		return m.served(ctx, p, true)
	})
}

func (m *stateful) healthy(ctx context.Context) (bool, error) {
	name, err := m.name()
	if err != nil {
		return false, err
	}
	p, err := m.pod(ctx, name)
	if err != nil || p == nil {
		return false, err
	}
	return p.Spec.NodeName == string(m.c.Move.To) && condition(p, corev1.PodReady) == corev1.ConditionTrue, nil
}

// watch waits until the pod is ready at the target.
func (m *stateful) watch(ctx context.Context) error {
	name, err := m.name()
	if err != nil {
		return err
	}
	return m.landed(ctx, name, m.c.Move.To)
}

// retire leaves nothing of the move.
func (m *stateful) retire(ctx context.Context) error { return m.tidy(ctx) }

// deprovision gives the room at the target back.
func (m *stateful) deprovision(ctx context.Context) error {
	return m.remove(ctx, m.podName(m.c.Move.To))
}

// release leaves nothing of the move.
func (m *stateful) release(ctx context.Context) error { return m.tidy(ctx) }

func (m *stateful) tidy(ctx context.Context) error {
	if err := m.remove(ctx, m.podName(m.c.Move.To)); err != nil {
		return err
	}
	if m.w.meta().Annotations[kubernetes.Claim] == m.digest {
		if err := m.prefer(ctx, ""); err != nil {
			return err
		}
	}
	return m.annotate(ctx, m.w, func() (map[string]any, error) {
		if m.w.meta().Annotations[kubernetes.Claim] != m.digest {
			return nil, nil
		}
		return map[string]any{kubernetes.Claim: nil}, nil
	})
}
