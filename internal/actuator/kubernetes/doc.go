// Package kubernetes moves replicas of Kubernetes workloads to a chosen node,
// with their controller's consent and by the scheduler's hand.
//
// A Deployment's replica is moved by a pod of the same template that is added
// beside it: the scheduler places it (it is held by a scheduling gate until it
// may, and asks for the target by node affinity), it becomes ready, gets traffic
// by a readiness gate, and then the old pod is evicted through the Eviction API,
// which keeps the disruption budgets. The new pod is then given the template's
// hash, so that the ReplicaSet adopts it in the evicted one's stead. Up to the
// eviction the way back is to delete the new pod.
//
// A StatefulSet's pod has a name that only one can have. It is moved where the
// set's update strategy is OnDelete: a placeholder keeps room at the target, the
// template's preferred affinity is set by server-side apply under a field
// manager of Drover's own, the pod is evicted, lands, and the affinity is taken
// back. Other sets, bare pods and what other controllers own are refused with
// the reason.
//
// What has become of a command is written into annotations of the workload,
// under the version that was read: an owner of an older epoch, and an older
// command of the same move, are refused by whatever process comes later.
package kubernetes
