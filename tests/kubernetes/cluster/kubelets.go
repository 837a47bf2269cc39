package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"k8s.io/apimachinery/pkg/labels"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// Kubelets plays the kubelets of all nodes: what is bound to a node runs after a
// while, what is deleted ends after a while, unless the node is down.
type Kubelets struct {
	Client kubernetes.Interface
	// Start and Stop are how long containers take to start and to end.
	Start, Stop time.Duration

	mu      sync.Mutex
	down    map[string]bool
	broken  map[string]bool // nodes to which no image comes
	next    atomic.Int64
	queue   workqueue.TypedDelayingInterface[string]
	pods    listers.PodLister
	running sync.WaitGroup
	cancel  context.CancelFunc
	seen    sync.Map // pod key -> when it was first seen in its state
}

// everything selects every pod.
var everything = labels.Everything()

// workers is how many pods are looked after at the same time.
const workers = 8

// NeverImage is what begins the name of an image that can't be pulled.
const NeverImage = "never.example/"

// Run plays until Close. It returns when it has seen the pods that are there.
func (k *Kubelets) Run(ctx context.Context) error {
	ctx, k.cancel = context.WithCancel(ctx)
	k.down, k.broken = make(map[string]bool), make(map[string]bool)
	k.queue = workqueue.NewTypedDelayingQueue[string]()
	factory := informers.NewSharedInformerFactory(k.Client, 0)
	informer := factory.Core().V1().Pods().Informer()
	k.pods = factory.Core().V1().Pods().Lister()
	enqueue := func(o any) {
		if key, err := cache.MetaNamespaceKeyFunc(o); err == nil {
			k.queue.Add(key)
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: enqueue, UpdateFunc: func(_, o any) { enqueue(o) }})
	if err != nil {
		return fmt.Errorf("kubelets: %w", err)
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("kubelets: %w", context.Cause(ctx))
	}
	for range workers {
		k.running.Go(func() {
			for {
				key, stopped := k.queue.Get()
				if stopped {
					return
				}
				k.look(ctx, key)
				k.queue.Done(key)
			}
		})
	}
	return nil
}

// Close stops playing.
func (k *Kubelets) Close() {
	if k.cancel != nil {
		k.cancel()
		k.queue.ShutDown()
		k.running.Wait()
	}
}

// Down stops or starts the kubelet of a node, and says so of the node.
func (k *Kubelets) Down(ctx context.Context, node string, down bool) error {
	k.mu.Lock()
	k.down[node] = down
	k.mu.Unlock()
	status := corev1.ConditionTrue
	if down {
		status = corev1.ConditionUnknown
	}
	if err := SayNodeReady(ctx, k.Client, node, status); err != nil {
		return err
	}
	pods, err := k.pods.List(everything)
	if err != nil {
		return err
	}
	for _, p := range pods {
		if p.Spec.NodeName == node {
			k.queue.Add(p.Namespace + "/" + p.Name)
		}
	}
	return nil
}

func (k *Kubelets) isDown(node string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.down[node]
}

// look does for one pod what its kubelet would.
func (k *Kubelets) look(ctx context.Context, key string) {
	namespace, name, _ := strings.Cut(key, "/")
	p, err := k.pods.Pods(namespace).Get(name)
	if err != nil || p.Spec.NodeName == "" || k.isDown(p.Spec.NodeName) {
		return
	}
	wait, did := k.act(ctx, p)
	if did != nil && ctx.Err() == nil && !apierrors.IsNotFound(did) {
		wait = 200 * time.Millisecond // the API server may be away
	}
	if wait > 0 {
		k.queue.AddAfter(key, wait)
	}
}

// act does the next thing for a pod, or tells how long to wait for it.
func (k *Kubelets) act(ctx context.Context, p *corev1.Pod) (time.Duration, error) {
	state := string(p.UID) + "/start"
	if p.DeletionTimestamp != nil {
		state = string(p.UID) + "/stop"
	}
	first, _ := k.seen.LoadOrStore(state, time.Now())
	age := time.Since(first.(time.Time))
	switch {
	case p.DeletionTimestamp != nil:
		if age < k.Stop {
			return k.Stop - age, nil
		}
		now := int64(0)
		return 0, k.Client.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{
			GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &p.UID}})
	case age < k.Start:
		return k.Start - age, nil
	}
	return 0, k.report(ctx, p)
}

// report writes a pod's status where it isn't as it should be.
func (k *Kubelets) report(ctx context.Context, p *corev1.Pod) error {
	containers := corev1.ConditionTrue
	statuses := make([]corev1.ContainerStatus, 0, len(p.Spec.Containers))
	for _, c := range p.Spec.Containers {
		s := corev1.ContainerStatus{Name: c.Name, Image: c.Image, Ready: true, Started: new(bool)}
		*s.Started = true
		s.State.Running = &corev1.ContainerStateRunning{StartedAt: metav1.Now()}
		if k.never(p.Spec.NodeName, c.Image) {
			s.Ready, *s.Started, containers = false, false, corev1.ConditionFalse
			s.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "Back-off pulling image " + c.Image}}
		}
		statuses = append(statuses, s)
	}
	ready := containers
	for _, gate := range p.Spec.ReadinessGates {
		if conditionOf(p, gate.ConditionType) != corev1.ConditionTrue {
			ready = corev1.ConditionFalse
		}
	}
	if conditionOf(p, corev1.PodReady) == ready && conditionOf(p, corev1.ContainersReady) == containers {
		return nil
	}
	phase := corev1.PodRunning
	if containers != corev1.ConditionTrue {
		phase = corev1.PodPending
	}
	now := metav1.Now()
	condition := func(t corev1.PodConditionType, s corev1.ConditionStatus) map[string]any {
		return map[string]any{"type": t, "status": s, "lastTransitionTime": now}
	}
	status := map[string]any{
		"phase": phase, "containerStatuses": statuses, "startTime": now,
		"conditions": []any{condition(corev1.PodInitialized, corev1.ConditionTrue), condition(corev1.ContainersReady, containers), condition(corev1.PodReady, ready)},
	}
	if p.Status.PodIP == "" {
		n := k.next.Add(1)
		ip := fmt.Sprintf("10.%d.%d.%d", 100+n/62500, n/250%250, n%250+1)
		status["podIP"], status["podIPs"] = ip, []corev1.PodIP{{IP: ip}}
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": p.UID}, "status": status})
	if err != nil {
		return err
	}
	_, err = k.Client.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func (k *Kubelets) never(node, image string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.broken[node] || strings.HasPrefix(image, NeverImage)
}

// NoImages lets no image come to a node from now on, or again.
func (k *Kubelets) NoImages(node string, broken bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.broken[node] = broken
}

// Crash lets the containers of a pod end; they are started again at once.
func (k *Kubelets) Crash(ctx context.Context, namespace, name string) error {
	patch := []byte(`{"status":{"conditions":[{"type":"ContainersReady","status":"False"},{"type":"Ready","status":"False"}]}}`)
	_, err := k.Client.CoreV1().Pods(namespace).Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func conditionOf(p *corev1.Pod, t corev1.PodConditionType) corev1.ConditionStatus {
	for _, c := range p.Status.Conditions {
		if c.Type == t {
			return c.Status
		}
	}
	return ""
}
