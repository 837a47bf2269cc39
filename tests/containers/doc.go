// Package containers runs a containerd of its own for tests: socket, state and
// images in one folder, an image made on the spot from a static busybox, and
// nothing left behind however the test ends. It needs root, containerd, runc and
// busybox.
package containers
