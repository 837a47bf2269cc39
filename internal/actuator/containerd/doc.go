// Package containerd runs a host's replicas as containers, in the place of the
// processes that package process runs: that driver moves them, this is where
// they start and stop. It asks the host's containerd and needs no Kubernetes.
//
// An image is one that containerd has, or is imported from an archive on the
// host; nothing is pulled from a registry. A container is found by its name, so
// that a driver that was killed at any point finds what it started. containerd
// itself starts again what has crashed, whether Drover runs or not.
package containerd
