package kubernetes

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drover/internal/actuator"
	"drover/internal/kubernetes"
	"drover/internal/model"
)

// moving returns a move of a Deployment or, where set is true, a StatefulSet.
func moving(name string, set bool) *move {
	c := command("p", 1, 7)
	m := &move{Driver: New(Config{}), c: c, digest: digest(c), w: &workload{}}
	meta := metav1.ObjectMeta{Namespace: "shop", Name: name}
	if set {
		m.w.set = &appsv1.StatefulSet{ObjectMeta: meta}
	} else {
		m.w.deployment = &appsv1.Deployment{ObjectMeta: meta}
	}
	return m
}

// replicas is a ReplicaSet whose pods ask for something and have terms of their
// own.
func replicas(terms ...corev1.NodeSelectorTerm) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-5d"}}
	rs.Spec.Template = corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web", appsv1.DefaultDeploymentUniqueLabelKey: "5d"}},
		Spec: corev1.PodSpec{Tolerations: []corev1.Toleration{{Key: "gpu"}}, PriorityClassName: "high", Containers: []corev1.Container{
			{Name: "a", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}}},
			{Name: "b", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("250m"), corev1.ResourceMemory: resource.MustParse("64Mi")}}},
		}},
	}
	if len(terms) > 0 {
		rs.Spec.Template.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms}}}
	}
	return rs
}

func TestTheReplacementIsKnownByAllButItsController(t *testing.T) {
	rs := replicas()
	before := rs.DeepCopy()
	p := moving("web", false).replacement(rs, "n2", "web-5d-x/uid")
	if p.Labels["app"] != "web" || p.Labels[appsv1.DefaultDeploymentUniqueLabelKey] != "" || p.Annotations[kubernetes.Hash] != "5d" {
		t.Errorf("labels %v, annotations %v", p.Labels, p.Annotations)
	}
	if !gated(p) || len(p.Spec.ReadinessGates) != 1 || p.Annotations[kubernetes.Epoch] != "7" || p.Annotations[kubernetes.Replaces] != "web-5d-x/uid" {
		t.Errorf("%+v", p)
	}
	if before.String() != rs.String() {
		t.Error("the template was changed")
	}
	var patch struct {
		Metadata struct{ ResourceVersion, UID string }
		Spec     struct{ SchedulingGates []map[string]string }
	}
	p.ResourceVersion, p.UID = "41", "u"
	text, err := gatePatch(p)
	if err != nil || json.Unmarshal(text, &patch) != nil || patch.Metadata.ResourceVersion != "41" || patch.Spec.SchedulingGates[0]["$patch"] != "delete" {
		t.Errorf("%s, %v", text, err)
	}
}

func TestEveryTermIsNarrowedToTheNode(t *testing.T) {
	zone := func(z string) corev1.NodeSelectorTerm {
		return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: corev1.NodeSelectorOpIn, Values: []string{z}}}}
	}
	for want, rs := range map[int]*appsv1.ReplicaSet{1: replicas(), 2: replicas(zone("x"), zone("y"))} {
		p := moving("web", false).replacement(rs, "n2", "old")
		terms := p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
		if len(terms) != want {
			t.Fatalf("%d terms, want %d", len(terms), want)
		}
		for _, term := range terms {
			if len(term.MatchFields) != 1 || term.MatchFields[0].Values[0] != "n2" {
				t.Errorf("a term allows other nodes: %+v", term)
			}
		}
	}
}

func TestThePlaceholderKeepsAsMuchRoom(t *testing.T) {
	template := replicas().Spec.Template
	p := moving("db", true).placeholder(&template, "n2")
	asks := p.Spec.Containers[0].Resources.Requests
	if asks.Cpu().MilliValue() != 350 || asks.Memory().Value() != 64<<20 {
		t.Errorf("it asks for %v", asks)
	}
	if p.Spec.PriorityClassName != "high" || len(p.Spec.Tolerations) != 1 || p.Labels["app"] != "" || p.Labels[kubernetes.HoldLabel] == "" {
		t.Errorf("%+v", p)
	}
}

func TestPodsAreNamedApart(t *testing.T) {
	long := moving(strings.Repeat("x", 100), false)
	seen := map[string]bool{}
	for _, server := range []model.ServerID{"n1", "n2"} {
		for _, leg := range []model.Leg{model.LegForward, model.LegReverse} {
			long.c.Step.ID = model.NewStepID("p", 0, leg, 1, model.StepProvision)
			name := long.podName(server)
			if len(name) > maxName || seen[name] {
				t.Errorf("%q", name)
			}
			seen[name] = true
		}
	}
}

func TestAPreferenceIsDroversAlone(t *testing.T) {
	m := &stateful{*moving("db", true)}
	text, err := json.Marshal(m.preference("n2"))
	if err != nil || !strings.Contains(string(text), `"weight":100`) || !strings.Contains(string(text), `"n2"`) {
		t.Errorf("%s, %v", text, err)
	}
	if text, err = json.Marshal(m.preference("")); err != nil || strings.Contains(string(text), "spec") {
		t.Errorf("%s, %v", text, err)
	}
	m.c.Move.Replica = "shop/db/2"
	m.w.set.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: 5}
	if name, err := m.name(); err != nil || name != "db-7" {
		t.Errorf("%q, %v", name, err)
	}
}

func TestOnlyOnDeleteSetsAreSteered(t *testing.T) {
	m := moving("db", true)
	m.w.set.Spec.UpdateStrategy.Type = appsv1.RollingUpdateStatefulSetStrategyType
	if _, err := m.mover(m.w, m.c); err == nil || !strings.Contains(err.Error(), "OnDelete") {
		t.Errorf("%v", err)
	}
	m.w.set.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType
	if got, err := m.mover(m.w, m.c); err != nil || fmt.Sprintf("%T", got) != "*kubernetes.stateful" {
		t.Errorf("%T, %v", got, err)
	}
}

func TestWhatMayPass(t *testing.T) {
	r := corev1.Resource("pods")
	for want, errs := range map[bool][]error{
		true: {apierrors.NewConflict(r, "p", nil), apierrors.NewTooManyRequests("budget", 1), apierrors.NewServiceUnavailable("away"),
			apierrors.NewInternalError(fmt.Errorf("x")), fmt.Errorf("connection refused"), fmt.Errorf("pod p: %w", apierrors.NewTimeoutError("slow", 1))},
		false: {apierrors.NewNotFound(r, "p"), apierrors.NewForbidden(r, "p", nil), refuse("node %s is cordoned", "n2"), fmt.Errorf("x: %w", refuse("y")), actuator.ErrStale},
	} {
		for _, err := range errs {
			if transient(err) != want {
				t.Errorf("%v passes: %v", err, !want)
			}
		}
	}
}

func TestWhatAPodWaitsFor(t *testing.T) {
	p := &corev1.Pod{}
	if got := waitingFor(p); got != "its containers aren't ready" {
		t.Error(got)
	}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "no"}}}}
	if got := waitingFor(p); !strings.Contains(got, "ImagePullBackOff") {
		t.Error(got)
	}
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes"}}
	if got := waitingFor(p); !strings.Contains(got, "0/3 nodes") {
		t.Error(got)
	}
}
