// Package move moves real servers under load: Redis, PostgreSQL, files and
// stateless services behind HAProxy, there and back, with a failure injected at
// every step, and counts what clients lost.
//
// It starts everything on loopback addresses in a folder of its own and ends
// what it started. The executor here is the smallest that can be: the saga core
// and a driver, in wall-clock time, with a log in memory that survives the
// injected crashes.
package move
