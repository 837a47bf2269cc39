// Package kubernetes holds the words that Drover and a Kubernetes cluster share:
// the names of annotations and labels, which workload is which application, and
// how a cluster is connected to. Discovery (internal/ingest/kubernetes) reads by
// them, the driver (internal/actuator/kubernetes) acts by them; neither knows
// the other, and nothing else in Drover knows Kubernetes.
package kubernetes
