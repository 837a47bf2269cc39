// Package live tests the executor service with real drivers on real servers: a
// plan in Kafka moves a Redis or a stateless service behind HAProxy, while the
// executor's process is killed at every point, taken over from, and stopped and
// woken up again.
package live
