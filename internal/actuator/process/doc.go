// Package process runs real processes on a host under a supervisor, with limits
// where cgroups are writable, and moves stateless services between servers: it
// starts the target, waits until it is healthy, shifts the traffic and stops
// the source.
//
// A started process inherits a locked file and is found by it, so there is no
// record that could be lost or lie: a supervisor that was killed at any point
// finds what it started, and two of them can't start it twice.
package process
