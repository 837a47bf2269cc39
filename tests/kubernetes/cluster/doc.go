// Package cluster runs a Kubernetes control plane on loopback for tests: a real
// etcd, API server, controller manager and scheduler, with RBAC. The nodes'
// kubelets are played by a stub (Kubelets): it says of pods what a kubelet would,
// and nothing runs.
package cluster
