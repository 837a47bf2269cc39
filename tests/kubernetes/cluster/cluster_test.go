package cluster_test

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"drover/tests/kubernetes/cluster"
	"drover/tests/kubernetes/programs"
	"drover/tests/leaveout"
)

// start starts a cluster that ends with the test.
func start(t *testing.T) *cluster.Cluster {
	t.Helper()
	p, err := programs.Find()
	if errors.Is(err, programs.ErrNotBuilt) {
		leaveout.Missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := cluster.Start(t.Context(), p, t.TempDir())
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// eventually waits until what is wanted is so.
func eventually(t *testing.T, what string, so func() (bool, error)) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 2*time.Minute, true, func(context.Context) (bool, error) { return so() })
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func TestPodsRunUntilTheirNodeIsAway(t *testing.T) {
	c := start(t)
	k := &cluster.Kubelets{Client: c.Client, Start: 50 * time.Millisecond, Stop: 50 * time.Millisecond}
	if err := cluster.MakeNodes(t.Context(), c.Client, 3); err != nil {
		t.Fatal(err)
	}
	if err := k.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	d := cluster.Deployment("default", "web", 3, "web.example/web:1")
	if _, err := c.Client.AppsV1().Deployments("default").Create(t.Context(), d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ready := func() int32 {
		d, err := c.Client.AppsV1().Deployments("default").Get(t.Context(), "web", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return d.Status.ReadyReplicas
	}
	eventually(t, "three replicas are ready", func() (bool, error) { return ready() == 3, nil })

	if err := c.RestartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := ready(); n != 3 {
		t.Errorf("%d replicas after a restart of the API server", n)
	}

	never := cluster.Deployment("default", "never", 1, cluster.NeverImage+"x:1")
	if _, err := c.Client.AppsV1().Deployments("default").Create(t.Context(), never, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pods := func(selector string) []corev1.Pod {
		list, err := c.Client.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			t.Fatal(err)
		}
		return list.Items
	}
	eventually(t, "the image doesn't come", func() (bool, error) {
		for _, p := range pods("app=never") {
			for _, s := range p.Status.ContainerStatuses {
				return s.State.Waiting != nil && s.State.Waiting.Reason == "ImagePullBackOff", nil
			}
		}
		return false, nil
	})

	away := pods("app=web")[0]
	if err := k.Down(t.Context(), away.Spec.NodeName, true); err != nil {
		t.Fatal(err)
	}
	if err := c.Client.CoreV1().Pods("default").Delete(t.Context(), away.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	if p, err := c.Client.CoreV1().Pods("default").Get(t.Context(), away.Name, metav1.GetOptions{}); err != nil || p.DeletionTimestamp == nil {
		t.Errorf("a pod ends although its node is away: %v", err)
	}
	if err := k.Down(t.Context(), away.Spec.NodeName, false); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pod ends when the node is back", func() (bool, error) {
		for _, p := range pods("app=web") {
			if p.UID == away.UID {
				return false, nil
			}
		}
		return len(pods("app=web")) == 3, nil
	})
}

func TestWorkloadsAreWhole(t *testing.T) {
	d := cluster.Deployment("a", "b", 2, "image")
	if d.Namespace != "a" || *d.Spec.Replicas != 2 || d.Spec.Template.Labels["app"] != "b" || d.Spec.Template.Spec.Containers[0].Resources.Requests.Cpu().IsZero() {
		t.Errorf("%+v", d)
	}
	s := cluster.StatefulSet("a", "b", 2, "image")
	if s.Namespace != "a" || *s.Spec.Replicas != 2 || s.Spec.Template.Labels["app"] != "b" || s.Spec.Template.Spec.Containers[0].Resources.Requests.Cpu().IsZero() {
		t.Errorf("%+v", s)
	}
}
