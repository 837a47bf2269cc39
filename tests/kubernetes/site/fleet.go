package site

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"

	"drover/internal/kubernetes"
	"drover/tests/kubernetes/cluster"
)

// Image is what the workloads run.
const Image = "web.example/web:1"

// Stateless makes Deployments "name-0", "name-1", ... with a Service and a budget
// of all replicas but one each, and waits until they are ready.
func (s *Site) Stateless(ctx context.Context, namespace, name string, count, replicas int) error {
	errs := make([]error, count)
	workqueue.ParallelizeUntil(ctx, 8, count, func(i int) {
		errs[i] = s.deployment(ctx, namespace, fmt.Sprintf("%s-%d", name, i), replicas)
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	for i := range count {
		if err := s.Ready(ctx, namespace, fmt.Sprintf("%s-%d", name, i)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Site) deployment(ctx context.Context, namespace, name string, replicas int) error {
	if _, err := s.Client.AppsV1().Deployments(namespace).Create(ctx, cluster.Deployment(namespace, name, int32(replicas), Image), metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := s.Client.CoreV1().Services(namespace).Create(ctx, cluster.Service(namespace, name), metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err := s.Client.PolicyV1().PodDisruptionBudgets(namespace).Create(ctx, cluster.Budget(namespace, name, replicas-1), metav1.CreateOptions{})
	return err
}

// Ready waits until a Deployment has all its replicas.
func (s *Site) Ready(ctx context.Context, namespace, name string) error {
	return Eventually(ctx, "deployment "+name, func() (bool, error) {
		d, err := s.Client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		n := *d.Spec.Replicas
		return d.Status.ReadyReplicas == n && d.Status.Replicas == n && d.Status.AvailableReplicas == n, nil
	})
}

// On returns the nodes of an application's pods, by pod.
func (s *Site) On(ctx context.Context, namespace, app string) (map[string]string, error) {
	list, err := s.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
	if err != nil {
		return nil, err
	}
	nodes := map[string]string{}
	for _, p := range list.Items {
		if p.DeletionTimestamp == nil {
			nodes[p.Name] = p.Spec.NodeName
		}
	}
	return nodes, nil
}

// Orphans lists what moves have left behind and nobody owns: pods of moves,
// placeholders, gates, claims, preferences of templates.
func (s *Site) Orphans(ctx context.Context) ([]string, error) {
	var found []string
	pods, err := s.Client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range pods.Items {
		found = append(found, left(&pods.Items[i])...)
	}
	sets, err := s.Client.AppsV1().StatefulSets(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, set := range sets.Items {
		if set.Spec.Template.Spec.Affinity != nil || set.Annotations[kubernetes.Claim] != "" {
			found = append(found, "stateful set "+set.Name+": affinity or claim")
		}
	}
	deployments, err := s.Client.AppsV1().Deployments(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, d := range deployments.Items {
		if d.Spec.Template.Spec.Affinity != nil {
			found = append(found, "deployment "+d.Name+": affinity")
		}
	}
	return found, nil
}

func left(p *corev1.Pod) []string {
	var found []string
	say := func(what string) { found = append(found, "pod "+p.Name+": "+what) }
	if p.Labels[kubernetes.MoveLabel] != "" || p.Labels[kubernetes.HoldLabel] != "" {
		say("a move's own")
	}
	if len(p.Spec.SchedulingGates) > 0 {
		say("gate")
	}
	if metav1.GetControllerOf(p) == nil && p.Labels["app"] != "bare" {
		say("no controller")
	}
	for name := range p.Annotations {
		if strings.HasPrefix(name, "drover.dev/") && name != kubernetes.Replica || strings.HasSuffix(name, "pod-deletion-cost") {
			say("annotation " + name)
		}
	}
	return found
}
