// Package files moves a service that keeps its data in a folder: the folder is
// copied while the service runs, pass after pass, until little changes between
// two of them; then the service is stopped, a final pass copies the rest, both
// folders are compared by SHA-256, and the service is started at its new place.
//
// Both folders have to be reachable as paths from where the driver runs (on the
// target's agent, the source's is a network mount). Clients wait for as long as
// the final pass, the comparison and the start take.
//
// Until the proxy has opened the target, the target has taken no write, and the
// way back is to start the source again. After that the way back is the same
// hand-over in the other direction.
package files
