package kubernetes

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"

	"drover/internal/model"
)

// State is what is known of a cluster at one moment. Nothing in it is written to.
type State struct {
	Nodes       []*corev1.Node
	Pods        []*corev1.Pod
	Deployments []*appsv1.Deployment
	Sets        []*appsv1.StatefulSet
	ReplicaSets []*appsv1.ReplicaSet
	Services    []*corev1.Service
	Slices      []*discoveryv1.EndpointSlice
	Budgets     []*policyv1.PodDisruptionBudget
}

// Picture is the fleet as a State shows it. Times are those of the looks that
// saw the thing first; Read leaves them to its caller.
type Picture struct {
	Servers      map[model.ServerID]model.Server
	Applications map[model.ApplicationID]model.Application
	Maintenance  map[string]model.Maintenance
	// Replicas names the pods by "namespace/name".
	Replicas map[string]model.ReplicaID
	// Warnings say what couldn't be read, each once, in order.
	Warnings []string
}

// Read turns a state into a picture. indexes remembers which pod is which
// replica from look to look. at stands in for times that the cluster doesn't
// tell.
func Read(s *State, fleet model.FleetID, indexes *Indexes, at model.Instant) *Picture {
	r := &reading{state: s, fleet: fleet, at: at, picture: &Picture{
		Servers: map[model.ServerID]model.Server{}, Applications: map[model.ApplicationID]model.Application{},
		Maintenance: map[string]model.Maintenance{}, Replicas: map[string]model.ReplicaID{},
	}}
	r.workloads()
	r.pods(indexes)
	r.servers()
	r.dependencies()
	r.budgets()
	for _, w := range r.all {
		r.picture.Applications[w.app.ID] = w.app
	}
	return r.picture
}

// reading is one Read under way.
type reading struct {
	state   *State
	fleet   model.FleetID
	at      model.Instant
	picture *Picture
	all     []*workload
	// byOwner finds workloads by "ReplicaSet/uid" or "StatefulSet/uid".
	byOwner map[string]*workload
	// others sums what pods that aren't replicas ask for, by node.
	others map[string]model.Vector
}

// workload is an application while it is read.
type workload struct {
	app        model.Application
	kind       string
	namespace  string
	name       string
	template   *corev1.PodTemplateSpec
	pods       []*corev1.Pod
	firstOrder int // ordinal of replica 0, of a StatefulSet
}
