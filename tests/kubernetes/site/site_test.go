package site_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd/api"

	"drover/internal/actuator"
	driver "drover/internal/actuator/kubernetes"
	drivertest "drover/internal/cli/driver"
	"drover/internal/kubernetes"
	"drover/internal/model"
	"drover/tests/kubernetes/cluster"
	"drover/tests/kubernetes/programs"
	"drover/tests/kubernetes/site"
	"drover/tests/leaveout"
)

// open opens a site with a driver of the executor's rights.
func open(t *testing.T, nodes int) (*site.Site, *driver.Driver) {
	t.Helper()
	if _, err := programs.Find(); errors.Is(err, programs.ErrNotBuilt) {
		leaveout.Missing(t, err.Error())
	}
	s, err := site.Open(t.Context(), site.Options{Nodes: nodes})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	config, err := s.As(t.Context(), "drover-executor")
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.Client(config)
	if err != nil {
		t.Fatal(err)
	}
	return s, driver.New(driver.Config{Client: client, Poll: 50 * time.Millisecond})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// first returns one of an application's pods and its node, and a node without.
func first(t *testing.T, s *site.Site, app string, nodes int) (pod, from, to string) {
	t.Helper()
	on, err := s.On(t.Context(), "shop", app)
	must(t, err)
	used := map[string]bool{}
	for p, n := range on {
		used[n] = true
		if pod == "" || p < pod {
			pod, from = p, n
		}
	}
	for i := range nodes {
		if n := fmt.Sprintf("node-%d", i); !used[n] {
			return pod, from, n
		}
	}
	t.Fatal("there is no free node")
	return "", "", ""
}

func noOrphans(t *testing.T, s *site.Site) {
	t.Helper()
	var found []string
	err := site.Eventually(t.Context(), "no orphans", func() (bool, error) {
		var err error
		found, err = s.Orphans(t.Context())
		return len(found) == 0, err
	})
	if err != nil {
		t.Errorf("%v: %v", err, found)
	}
}

func TestTheDriverConforms(t *testing.T) {
	s, d := open(t, 6)
	must(t, s.MakeNamespace(t.Context(), "shop"))
	must(t, s.Stateless(t.Context(), "shop", "web", 1, 3))
	_, from, to := first(t, s, "web-0", 6)
	config, err := s.As(t.Context(), "drover-executor")
	must(t, err)
	folder := t.TempDir()
	kubeconfig, file := filepath.Join(folder, "kubeconfig"), filepath.Join(folder, "drivers.json")
	must(t, s.WriteKubeconfig(kubeconfig, &api.AuthInfo{Token: config.BearerToken}))
	must(t, os.WriteFile(file, fmt.Appendf(nil, `{"default": "kubernetes", "drivers": {"kubernetes": {"kind": "kubernetes", "kubeconfig": %q}}}`, kubeconfig), 0o600))
	var out bytes.Buffer
	test := drivertest.Command()
	test.SetArgs([]string{"test", "--drivers", file, "--replica", "shop/web-0/0", "--from", from, "--to", to, "-o", "json"})
	test.SetOut(&out)
	err = test.ExecuteContext(t.Context())
	t.Logf("%s", out.String())
	if err != nil || strings.Count(out.String(), `"ok":true`) != 9 {
		t.Fatal(err)
	}
	// Last it was admitted once more: that claim is taken back.
	release := command(lastPlan(t, s), 9, model.StepReleaseAdmission, "shop/web-0", from, to)
	release.Step.Epoch = 2
	must(t, d.Perform(t.Context(), release))
	noOrphans(t, s)
	must(t, s.Ready(t.Context(), "shop", "web-0"))
}

// lastPlan returns the plan of the last command that the driver has written down.
func lastPlan(t *testing.T, s *site.Site) model.PlanID {
	t.Helper()
	d, err := s.Client.AppsV1().Deployments("shop").Get(t.Context(), "web-0", metav1.GetOptions{})
	must(t, err)
	for name, text := range d.Annotations {
		var record struct{ Plan model.PlanID }
		if strings.HasPrefix(name, kubernetes.CommandPrefix) && json.Unmarshal([]byte(text), &record) == nil {
			return record.Plan
		}
	}
	t.Fatal("the driver has written nothing down")
	return ""
}

// give performs one command of a plan.
func give(t *testing.T, d actuator.Driver, plan model.PlanID, sequence int, kind model.StepKind, app, from, to string) error {
	t.Helper()
	c := command(plan, sequence, kind, app, from, to)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return d.Perform(ctx, c)
}

func command(plan model.PlanID, sequence int, kind model.StepKind, app, from, to string) actuator.Command {
	id := model.ApplicationID(app)
	return actuator.Command{
		Step: model.Step{ID: model.NewStepID(plan, 0, model.LegForward, sequence, kind), Plan: plan, Kind: kind, Epoch: 1},
		Move: model.Move{Replica: model.NewReplicaID(id, 0), Application: id, From: model.ServerID(from), To: model.ServerID(to)},
	}
}

func TestWhatCanNotBeMovedIsRefused(t *testing.T) {
	s, d := open(t, 3)
	ctx := t.Context()
	must(t, s.MakeNamespace(ctx, "shop"))
	must(t, s.Stateless(ctx, "shop", "web", 1, 2))
	_, from, to := first(t, s, "web-0", 3)
	bare := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "alone", Labels: map[string]string{"app": "bare"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: site.Image}}}}
	_, err := s.Client.CoreV1().Pods("shop").Create(ctx, bare, metav1.CreateOptions{})
	must(t, err)
	cordon := `{"spec":{"unschedulable":true}}`
	for _, c := range []struct{ app, from, to, why string }{
		{"shop/alone", from, to, "nothing would start it again"},
		{"shop/none", from, to, "no Deployment or StatefulSet"},
		{"named", from, to, kubernetes.Application},
		{"shop/web-0", from, "node-77", "there is no node node-77"},
		{"shop/web-0", to, from, "no pod of"},
	} {
		err := give(t, d, model.PlanID("refuse-"+c.why[:4]), 1, model.StepAdmit, c.app, c.from, c.to)
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s from %s to %s: %v", c.app, c.from, c.to, err)
		}
	}
	_, err = s.Client.CoreV1().Nodes().Patch(ctx, to, "application/merge-patch+json", []byte(cordon), metav1.PatchOptions{})
	must(t, err)
	if err := give(t, d, "cordoned", 1, model.StepAdmit, "shop/web-0", from, to); err == nil || !strings.Contains(err.Error(), "cordoned") {
		t.Errorf("a cordoned target: %v", err)
	}
	noOrphans(t, s)
}

func TestAStatefulPodIsSteered(t *testing.T) {
	s, d := open(t, 5)
	ctx := t.Context()
	must(t, s.MakeNamespace(ctx, "shop"))
	set := cluster.StatefulSet("shop", "db", 2, site.Image)
	_, err := s.Client.AppsV1().StatefulSets("shop").Create(ctx, set, metav1.CreateOptions{})
	must(t, err)
	var before *appsv1.StatefulSet
	must(t, site.Eventually(ctx, "the set is ready", func() (bool, error) {
		before, err = s.Client.AppsV1().StatefulSets("shop").Get(ctx, "db", metav1.GetOptions{})
		return err == nil && before.Status.ReadyReplicas == 2, err
	}))
	on, err := s.On(ctx, "shop", "db")
	must(t, err)
	from := on["db-0"]
	_, _, to := first(t, s, "db", 5)
	steps := []model.StepKind{model.StepAdmit, model.StepProvision, model.StepCutOver, model.StepWatch, model.StepReverseCutOver,
		model.StepDeprovision, model.StepReleaseAdmission}
	perform := func(plan model.PlanID, steps ...model.StepKind) {
		t.Helper()
		for i, kind := range steps {
			if err := give(t, d, plan, i+1, kind, "shop/db", from, to); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
		}
	}
	where := func() string {
		t.Helper()
		on, err := s.On(ctx, "shop", "db")
		must(t, err)
		return on["db-0"]
	}
	perform("back", steps...)
	if got := where(); got != from {
		t.Errorf("taken back, it is on %s", got)
	}
	noOrphans(t, s)
	perform("there", steps[0], steps[1], steps[2], steps[3], model.StepRetire)
	if got := where(); got != to {
		t.Errorf("moved, it is on %s", got)
	}
	noOrphans(t, s)
	after, err := s.Client.AppsV1().StatefulSets("shop").Get(ctx, "db", metav1.GetOptions{})
	must(t, err)
	if after.Status.UpdateRevision != before.Status.UpdateRevision {
		t.Errorf("the template isn't what it was: revision %s, was %s", after.Status.UpdateRevision, before.Status.UpdateRevision)
	}
	rolling := `{"spec":{"updateStrategy":{"type":"RollingUpdate"}}}`
	_, err = s.Client.AppsV1().StatefulSets("shop").Patch(ctx, "db", "application/merge-patch+json", []byte(rolling), metav1.PatchOptions{})
	must(t, err)
	if err := give(t, d, "rolling", 1, model.StepAdmit, "shop/db", to, from); err == nil || !strings.Contains(err.Error(), "OnDelete") {
		t.Errorf("a rolling set: %v", err)
	}
}

func TestTheRoleIsEnoughAndNoMore(t *testing.T) {
	s, _ := open(t, 1)
	config, err := s.As(t.Context(), "drover-executor")
	must(t, err)
	client, err := kubernetes.Client(config)
	must(t, err)
	for what, try := range map[string]func() error{
		"read secrets": func() error {
			_, err := client.CoreV1().Secrets("drover").List(t.Context(), metav1.ListOptions{})
			return err
		},
		"delete a deployment": func() error {
			return client.AppsV1().Deployments("default").Delete(t.Context(), "x", metav1.DeleteOptions{})
		},
		"change a node": func() error {
			_, err := client.CoreV1().Nodes().Patch(t.Context(), "node-0", "application/merge-patch+json", []byte("{}"), metav1.PatchOptions{})
			return err
		},
	} {
		if err := try(); !apierrors.IsForbidden(err) {
			t.Errorf("the executor may %s: %v", what, err)
		}
	}
}
