package kubernetes

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"drover/internal/kubernetes"
	"drover/internal/model"
)

const now = model.Instant(1_700_000_000_000)

func node(name, zone string) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelTopologyZone: zone, corev1.LabelHostname: name}},
		Status: corev1.NodeStatus{
			Allocatable: list("4", "16Gi"), Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
}

func list(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

// deployment adds a Deployment with its ReplicaSet to a state, and pods on nodes.
func (s *State) deployment(name string, replicas int32, nodes ...string) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name)}}
	d.Spec.Replicas = &replicas
	d.Spec.Template.Labels = map[string]string{"app": name}
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "main", Resources: corev1.ResourceRequirements{Requests: list("250m", "1Gi")}}}
	yes := true
	rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name + "-5f", UID: types.UID(name + "-5f"),
		OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", UID: d.UID, Controller: &yes}}}}
	s.Deployments, s.ReplicaSets = append(s.Deployments, d), append(s.ReplicaSets, rs)
	for i, n := range nodes {
		s.pod(fmt.Sprintf("%s-5f-%d", name, i), n, "ReplicaSet", rs.UID)
	}
	return d
}

func (s *State) pod(name, node, kind string, owner types.UID) *corev1.Pod {
	yes := true
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name), Annotations: map[string]string{},
		CreationTimestamp: metav1.NewTime(now.Time().Add(time.Duration(len(s.Pods)) * time.Second))}}
	if kind != "" {
		p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, UID: owner, Controller: &yes}}
	}
	p.Spec.NodeName = node
	p.Spec.Containers = []corev1.Container{{Name: "main", Resources: corev1.ResourceRequirements{Requests: list("250m", "1Gi")}}}
	s.Pods = append(s.Pods, p)
	return p
}

func small() *State {
	return &State{Nodes: []*corev1.Node{node("n1", "a"), node("n2", "b"), node("n3", "c")}}
}

func TestNodesBecomeServers(t *testing.T) {
	s := small()
	s.pod("exporter-x", "n1", "DaemonSet", "exporter")
	s.Nodes[1].Spec.Unschedulable = true
	s.Nodes[2].Status.Conditions[0].Status = corev1.ConditionUnknown
	s.Nodes = append(s.Nodes, node("hidden", "a"))
	s.Nodes[3].Annotations = map[string]string{kubernetes.Ignore: "true"}
	p := Read(s, "f", NewIndexes(), now)
	if len(p.Servers) != 3 {
		t.Fatalf("servers %v", p.Servers)
	}
	n1 := p.Servers["n1"]
	// What the DaemonSet's pod asks for can't be given away.
	if n1.Capacity != (model.Vector{model.CPU: 3750, model.Memory: 15 << 30}) || n1.Zone != "a" || n1.Unschedulable || n1.At != now || n1.Fleet != "f" {
		t.Errorf("n1: %+v", n1)
	}
	if !p.Servers["n2"].Unschedulable || !p.Servers["n3"].Unschedulable {
		t.Error("a cordoned node or one that isn't ready may be planned for")
	}
}

func TestWorkloadsBecomeApplications(t *testing.T) {
	s := small()
	d := s.deployment("web", 3, "n1", "n2")
	priority := int32(5000)
	d.Annotations = map[string]string{
		kubernetes.ResponseTarget: "p95 = 120ms", kubernetes.AvailabilityTarget: "99.95%", kubernetes.HeadroomTarget: "20",
		kubernetes.MovesPerHour: "4", kubernetes.DependsOn: "db, shop/cache", kubernetes.DataSize: "2Gi",
	}
	d.Spec.Template.Spec.Priority = &priority
	d.Spec.Template.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule}}
	d.Spec.Template.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{
		{TopologyKey: corev1.LabelHostname, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}}}}}
	s.Budgets = []*policyv1.PodDisruptionBudget{{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
		Spec:   policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}},
		Status: policyv1.PodDisruptionBudgetStatus{DesiredHealthy: 2}}}
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "db", UID: "db"}}
	set.Spec.Template = *d.Spec.Template.DeepCopy()
	set.Spec.Template.Labels, set.Spec.Template.Spec.Affinity = map[string]string{"app": "db"}, nil
	two := int32(2)
	set.Spec.Replicas = &two
	s.Sets = append(s.Sets, set)
	s.pod("db-1", "n3", "StatefulSet", "db")

	p := Read(s, "f", NewIndexes(), now)
	web := p.Applications["shop/web"]
	want := model.Application{
		Fleet: "f", ID: "shop/web", At: now, Replicas: 3, Request: model.Vector{model.CPU: 250, model.Memory: 1 << 30}, DataBytes: 2 << 30,
		SLO:          model.SLO{ResponseQuantilePPM: 950_000, ResponseMicros: 120_000, AvailabilityPPM: 999_500, HeadroomPPM: 200_000},
		MinimumZones: 2, AntiAffinity: []model.ApplicationID{"shop/web"}, DependsOn: []model.ApplicationID{"shop/cache", "shop/db"},
		MaxMovesPerHour: 4, MoveCost: 5, Driver: "kubernetes", ServiceCVMilli: -1, Placement: []model.ServerID{"n1", "n2", ""},
		Labels: map[string]string{"drover.dev/disruption-budget": "web", "drover.dev/must-be-healthy": "2"},
	}
	if !reflect.DeepEqual(web, want) {
		t.Errorf("got  %+v\nwant %+v", web, want)
	}
	db := p.Applications["shop/db"]
	if !db.Stateful || !reflect.DeepEqual(db.Placement, []model.ServerID{"", "n3"}) {
		t.Errorf("db: %+v", db)
	}
	if got := p.Replicas["shop/db-1"]; got != "shop/db/1" {
		t.Errorf("db-1 is replica %q", got)
	}
	if len(p.Warnings) > 0 {
		t.Error(p.Warnings)
	}
}

func TestBadAnnotationsAreToldAndLeftOut(t *testing.T) {
	for name, text := range map[string]string{
		kubernetes.ResponseTarget: "fast", kubernetes.AvailabilityTarget: "101", kubernetes.HeadroomTarget: "NaN", kubernetes.MovesPerHour: "-1",
		kubernetes.MoveCost: "1.5", kubernetes.DataSize: "much", kubernetes.DriverName: " ",
	} {
		s := small()
		s.deployment("web", 1).Annotations = map[string]string{name: text}
		p := Read(s, "f", NewIndexes(), now)
		if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], name) || !strings.Contains(p.Warnings[0], "shop/web") || !strings.Contains(p.Warnings[0], "want") {
			t.Errorf("%s=%q: %v", name, text, p.Warnings)
		}
		if a := p.Applications["shop/web"]; a.SLO != (model.SLO{}) || a.Replicas != 1 || a.Driver != "kubernetes" {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestReplicasKeepTheirNumbers(t *testing.T) {
	s := small()
	s.deployment("web", 3, "n1", "n2", "n3")
	indexes := NewIndexes()
	places := func() []model.ServerID { return Read(s, "f", indexes, now).Applications["shop/web"].Placement }
	if got := places(); !reflect.DeepEqual(got, []model.ServerID{"n1", "n2", "n3"}) {
		t.Fatal(got)
	}
	// The second goes, a younger one comes elsewhere: it is the second.
	s.Pods = append(s.Pods[:1], s.Pods[2])
	if got := places(); !reflect.DeepEqual(got, []model.ServerID{"n1", "", "n3"}) {
		t.Fatal(got)
	}
	late := s.pod("web-5f-9", "n1", "ReplicaSet", "web-5f")
	if got := places(); !reflect.DeepEqual(got, []model.ServerID{"n1", "n1", "n3"}) {
		t.Fatal(got)
	}
	// A move's number goes before memory, a move's own pod isn't a replica yet.
	late.Annotations[kubernetes.Replica] = "0"
	s.pod("web-surge", "n2", "", "").Labels = map[string]string{kubernetes.MoveLabel: "x"}
	if got := places(); !reflect.DeepEqual(got, []model.ServerID{"n1", "n1", "n3"}) {
		t.Fatal(got)
	}
	late.DeletionTimestamp = &metav1.Time{Time: now.Time()}
	if got := places(); !reflect.DeepEqual(got, []model.ServerID{"", "n1", "n3"}) {
		t.Fatal(got)
	}
}

func TestServersThatMayHaveIt(t *testing.T) {
	s := small()
	s.Nodes[0].Spec.Taints = []corev1.Taint{{Key: "gpu", Effect: corev1.TaintEffectNoSchedule}, {Key: "node.kubernetes.io/unschedulable", Effect: corev1.TaintEffectNoSchedule}}
	s.Nodes[1].Labels["disk"] = "ssd"
	s.deployment("any", 1)
	s.deployment("gpu", 1).Spec.Template.Spec.Tolerations = []corev1.Toleration{{Key: "gpu", Operator: corev1.TolerationOpExists}}
	s.deployment("fast", 1).Spec.Template.Spec.NodeSelector = map[string]string{"disk": "ssd"}
	s.deployment("nowhere", 1, "n3").Spec.Template.Spec.NodeSelector = map[string]string{"disk": "tape"}
	p := Read(s, "f", NewIndexes(), now)
	for id, want := range map[model.ApplicationID][]model.ServerID{"shop/any": {"n2", "n3"}, "shop/gpu": nil, "shop/fast": {"n2"}, "shop/nowhere": {"n3"}} {
		if got := p.Applications[id].AllowedServers; !reflect.DeepEqual(got, want) {
			t.Errorf("%s may run on %v, want %v", id, got, want)
		}
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "nowhere") {
		t.Error(p.Warnings)
	}
}

func TestServicesBecomeDependencies(t *testing.T) {
	s := small()
	web := s.deployment("web", 1)
	s.deployment("orders-v2", 1)
	s.deployment("pay", 1, "n2")
	front := s.deployment("front", 1)
	front.Annotations = map[string]string{kubernetes.Application: "front", kubernetes.DependsOn: "web"}
	web.Spec.Template.Annotations = map[string]string{kubernetes.ServiceName: "web-service"}
	s.Services = []*corev1.Service{
		{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "orders-v2"}}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "bank"}}, // no selector: by its endpoints
	}
	s.Slices = []*discoveryv1.EndpointSlice{{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "bank-1", Labels: map[string]string{"kubernetes.io/service-name": "bank"}},
		Endpoints: []discoveryv1.Endpoint{{TargetRef: &corev1.ObjectReference{Name: "pay-5f-0"}}}}}
	web.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "ORDERS", Value: "http://orders:8080/x"}, {Name: "OTHER", Value: "orders"}}
	web.Spec.Template.Spec.Containers[0].Args = []string{"--bank=bank.shop.svc.cluster.local:443"}
	p := Read(s, "f", NewIndexes(), now)
	if got := p.Applications["web-service"].DependsOn; !reflect.DeepEqual(got, []model.ApplicationID{"shop/orders-v2", "shop/pay"}) {
		t.Errorf("web depends on %v", got)
	}
	if got := p.Applications["front"].DependsOn; !reflect.DeepEqual(got, []model.ApplicationID{"web-service"}) {
		t.Errorf("front depends on %v", got)
	}
}

func TestMaintenanceIsRead(t *testing.T) {
	s := small()
	s.Nodes[0].Annotations = map[string]string{kubernetes.MaintenanceStart: "2026-12-01T02:00:00Z", kubernetes.MaintenanceEnd: "2026-12-01T04:00:00Z",
		kubernetes.MaintenanceReason: "new memory", kubernetes.MaintenanceHook: "reboot"}
	s.Nodes[1].Annotations = map[string]string{kubernetes.Drain: "true"}
	added := metav1.NewTime(now.Time().Add(-time.Hour))
	s.Nodes[2].Spec.Taints = []corev1.Taint{{Key: corev1.TaintNodeOutOfService, TimeAdded: &added}, {Key: "gpu"}, {Key: "ToBeDeletedByClusterAutoscaler", Value: "1700000100"}}
	p := Read(s, "f", NewIndexes(), now)
	if len(p.Maintenance) != 4 || len(p.Warnings) != 0 {
		t.Fatalf("%+v %v", p.Maintenance, p.Warnings)
	}
	announced := p.Maintenance["kubernetes/n1/announced"]
	if announced.End.Sub(announced.Start) != 2*time.Hour || announced.Reason != "new memory" || announced.Hook != "reboot" || announced.Server != "n1" {
		t.Errorf("announced: %+v", announced)
	}
	if d := p.Maintenance["kubernetes/n2/drain"]; d.Start != now || d.End.Sub(d.Start) != 24*time.Hour {
		t.Errorf("drain: %+v", d)
	}
	if o := p.Maintenance["kubernetes/n3/"+corev1.TaintNodeOutOfService]; o.Start != now.Add(-time.Hour) {
		t.Errorf("out of service: %+v", o)
	}
	if o := p.Maintenance["kubernetes/n3/ToBeDeletedByClusterAutoscaler"]; o.Start != 1_700_000_100_000 {
		t.Errorf("to be deleted: %+v", o)
	}
	s.Nodes[0].Annotations[kubernetes.MaintenanceEnd] = "2026-11-01"
	s.Nodes[1].Annotations[kubernetes.MaintenanceStart] = "soon"
	if p := Read(s, "f", NewIndexes(), now); len(p.Warnings) != 2 {
		t.Errorf("bad windows: %v", p.Warnings)
	}
}

func TestOnlyDifferencesArePublished(t *testing.T) {
	s := small()
	s.deployment("web", 2, "n1", "n2")
	s.Nodes[0].Annotations = map[string]string{kubernetes.Drain: "true"}
	out := newSent()
	step := func(at model.Instant) []any {
		p := Read(s, "f", NewIndexes(), at)
		events := out.difference(p)
		out.take(p)
		return events
	}
	if events := step(now); len(events) != 5 {
		t.Fatalf("first: %+v", events)
	}
	if events := step(now + 1000); len(events) != 0 {
		t.Fatalf("nothing has changed: %+v", events)
	}
	s.Pods[1].Spec.NodeName = "n3"
	if events := step(now + 2000); len(events) != 1 || events[0].(model.Application).Placement[1] != "n3" {
		t.Fatalf("a pod has moved: %+v", events)
	}
	s.Nodes, s.Deployments = s.Nodes[1:], nil
	events := step(now + 3000)
	gone := map[string]bool{}
	for _, e := range events {
		switch e := e.(type) {
		case model.Server:
			gone["server"] = e.Removed && e.ID == "n1" && e.At == now+3000
		case model.Application:
			gone["application"] = e.Removed && e.ID == "shop/web"
		case model.Maintenance:
			gone["maintenance"] = e.Cancelled && e.Start == now
		}
	}
	// The other nodes carry what is nobody's now.
	if !gone["server"] || !gone["application"] || !gone["maintenance"] || len(events) != 4 {
		t.Errorf("what has gone: %+v", events)
	}
	out.forget()
	if events := step(now + 4000); len(events) != 2 {
		t.Errorf("everything again: %+v", events)
	}
	if fresh := out.news([]string{"a", "b", "a"}); len(fresh) != 2 {
		t.Errorf("warnings %v", fresh)
	}
	if fresh := out.news([]string{"b"}); len(fresh) != 0 {
		t.Errorf("a warning is given twice: %v", fresh)
	}
}

func FuzzAnnotations(f *testing.F) {
	f.Add("p99=250ms", "99.9", "20Gi", "a,b")
	f.Add("=", "%", "-1", ",")
	f.Fuzz(func(t *testing.T, response, share, size, depends string) {
		var a model.Application
		policies(&a, map[string]string{kubernetes.ResponseTarget: response, kubernetes.AvailabilityTarget: share, kubernetes.HeadroomTarget: share,
			kubernetes.DataSize: size, kubernetes.DependsOn: depends}, func(string, string, error) {})
		s := a.SLO
		if s.ResponseMicros < 0 || s.ResponseQuantilePPM < 0 || s.ResponseQuantilePPM >= 1_000_000 || s.AvailabilityPPM < 0 || s.AvailabilityPPM > 1_000_000 || a.DataBytes < 0 {
			t.Errorf("%q, %q, %q: %+v", response, share, size, a)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	s := &State{}
	for i := range 200 {
		s.Nodes = append(s.Nodes, node(fmt.Sprintf("n%d", i), "a"))
	}
	for i := range 200 {
		var nodes []string
		for k := range 10 {
			nodes = append(nodes, fmt.Sprintf("n%d", (i+k)%200))
		}
		s.deployment(fmt.Sprintf("d%d", i), 10, nodes...)
	}
	indexes := NewIndexes()
	b.ResetTimer()
	for range b.N {
		Read(s, "f", indexes, now)
	}
}
