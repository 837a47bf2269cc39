package kubernetes

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"drover/internal/kubernetes"
)

// watch waits until the moved replica is ready at the target.
func (m *surge) watch(ctx context.Context) error {
	return m.await(ctx, func() (bool, error) {
		ok, err := m.healthy(ctx)
		if err == nil && !ok {
			err = fmt.Errorf("pod %s isn't ready: %w", m.podName(m.c.Move.To), errNotYet)
		}
		return ok, err
	})
}

func (m *surge) healthy(ctx context.Context) (bool, error) {
	p, err := m.pod(ctx, m.podName(m.c.Move.To))
	if err != nil || p == nil {
		return false, err
	}
	return p.DeletionTimestamp == nil && p.Spec.NodeName == string(m.c.Move.To) && condition(p, corev1.PodReady) == corev1.ConditionTrue, nil
}

// retire waits until the old pod has gone and the ReplicaSet has its number, and
// takes Drover's marks from the new one.
func (m *surge) retire(ctx context.Context) error {
	return m.settle(ctx, m.podName(m.c.Move.To))
}

// settle waits until a pod is one of its ReplicaSet's and nothing else is left of
// the swap.
func (m *surge) settle(ctx context.Context, name string) error {
	return m.await(ctx, func() (bool, error) {
		p, err := m.pod(ctx, name)
		if err != nil {
			return false, err
		}
		if p == nil {
			return false, refuse("pod %s has gone", name)
		}
		owner := metav1.GetControllerOf(p)
		if owner == nil {
			return false, refuse("pod %s isn't adopted", name)
		}
		if p.Labels[kubernetes.MoveLabel] == "" {
			return true, nil // done before
		}
		old, uid, _ := strings.Cut(p.Annotations[kubernetes.Replaces], "/")
		gone, err := m.pod(ctx, old)
		if err != nil {
			return false, err
		}
		if gone != nil && gone.UID == types.UID(uid) {
			if gone.DeletionTimestamp != nil && !m.nodeAlive(ctx, gone.Spec.NodeName) {
				return false, m.remove(ctx, old) // nobody there would confirm its end
			}
			return false, fmt.Errorf("pod %s is ending: %w", old, errNotYet)
		}
		if err := m.numbered(ctx, owner); err != nil {
			return false, err
		}
		return m.unmark(ctx, p)
	})
}

// numbered returns why the ReplicaSet doesn't have just its number of pods yet.
func (m *surge) numbered(ctx context.Context, owner *metav1.OwnerReference) error {
	rs, err := m.Client.AppsV1().ReplicaSets(m.namespace()).Get(ctx, owner.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("replica set %s: %w", owner.Name, err)
	}
	pods, err := m.pods(ctx)
	if err != nil {
		return err
	}
	count := int32(0)
	for i := range pods {
		if pods[i].DeletionTimestamp == nil && metav1.IsControlledBy(&pods[i], rs) {
			count++
		}
	}
	if rs.Spec.Replicas != nil && count > *rs.Spec.Replicas {
		return fmt.Errorf("%s has %d pods for %d replicas: %w", rs.Name, count, *rs.Spec.Replicas, errNotYet)
	}
	return nil
}

// unmark takes Drover's marks from a pod and writes which replica it is.
func (m *surge) unmark(ctx context.Context, p *corev1.Pod) (bool, error) {
	index, err := m.index()
	if err != nil {
		return false, refuse("%v", err)
	}
	_, err = m.mergePod(ctx, p, map[string]any{
		"labels": map[string]any{kubernetes.MoveLabel: nil},
		"annotations": map[string]any{
			kubernetes.Replaces: nil, kubernetes.Hash: nil, kubernetes.Epoch: nil, kubernetes.Claim: nil, deletionCost: nil,
			kubernetes.Replica: strconv.Itoa(index),
		},
	})
	return err == nil, err
}

// reverseCutOver has the source serve as before: where its pod is still there,
// the new one's traffic is taken away; where it was evicted, another one is put
// beside the new one and swapped with it.
func (m *surge) reverseCutOver(ctx context.Context) error {
	back := m.podName(m.c.Move.From)
	new, err := m.look(ctx, m.podName(m.c.Move.To))
	if err != nil {
		return err
	}
	if new != nil && metav1.GetControllerOf(new) == nil {
		name, uid, _ := strings.Cut(new.Annotations[kubernetes.Replaces], "/")
		old, err := m.look(ctx, name)
		if err != nil {
			return err
		}
		if old != nil && old.UID == types.UID(uid) && old.DeletionTimestamp == nil {
			return m.serve(ctx, new.Name, corev1.ConditionFalse)
		}
		if err := m.adopt(ctx, new.Name); err != nil { // it was evicted: the new one takes its place first
			return err
		}
	}
	p, err := m.stand(ctx, m.c.Move.From, func(rs *appsv1.ReplicaSet) (*corev1.Pod, error) { return m.victim(ctx, rs) })
	if err != nil {
		return err
	}
	if metav1.GetControllerOf(p) == nil {
		if err := m.swap(ctx, p); err != nil {
			return err
		}
	}
	return m.settle(ctx, back)
}

// victim returns the pod that has to go when the source gets its replica back:
// the new one, or the youngest where that has gone and was replaced.
func (m *surge) victim(ctx context.Context, rs *appsv1.ReplicaSet) (*corev1.Pod, error) {
	pods, err := m.pods(ctx)
	if err != nil {
		return nil, err
	}
	var youngest *corev1.Pod
	for i := range pods {
		p := &pods[i]
		if p.DeletionTimestamp != nil || !metav1.IsControlledBy(p, rs) {
			continue
		}
		if p.Name == m.podName(m.c.Move.To) {
			return p, nil
		}
		if by := p.Annotations[kubernetes.Claim]; by != "" && by != m.digest {
			continue
		}
		if youngest == nil || youngest.CreationTimestamp.Before(&p.CreationTimestamp) {
			youngest = p
		}
	}
	if youngest == nil {
		return nil, fmt.Errorf("%s has no pod to give back: %w", rs.Name, errNotYet)
	}
	return youngest, nil
}

// deprovision deletes the new pod, unless it serves in the source's stead.
func (m *surge) deprovision(ctx context.Context) error {
	name := m.podName(m.c.Move.To)
	p, err := m.look(ctx, name)
	if err != nil || p == nil {
		return err
	}
	if metav1.GetControllerOf(p) != nil && p.DeletionTimestamp == nil {
		return refuse("pod %s is one of %s's replicas: it isn't deleted", name, metav1.GetControllerOf(p).Name)
	}
	return m.remove(ctx, name)
}

// release takes the claim from the pod that the move would have taken away.
func (m *surge) release(ctx context.Context) error {
	return m.await(ctx, func() (bool, error) {
		pods, err := m.pods(ctx)
		if err != nil {
			return false, err
		}
		for i := range pods {
			p := &pods[i]
			if p.Annotations[kubernetes.Claim] != m.digest || p.DeletionTimestamp != nil {
				continue
			}
			if err := m.overtaken(p); err != nil {
				return false, err
			}
			if _, err := m.mergePod(ctx, p, map[string]any{"annotations": map[string]any{kubernetes.Claim: nil, kubernetes.Epoch: nil}}); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}
