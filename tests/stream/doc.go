// Package stream tests the loop of internal/stream on real brokers and a real
// Redis: the group protocol that is really in use, exactly-once across kill -9
// and SIGSTOP of consumers, brokers and Redis, and least-privilege rights.
//
// The tests start what they need (see servers) and are left out with a plain
// message where Java, Maven or redis-server are missing, unless
// DROVER_REQUIRE_ALL=1. DROVER_STORM_KILLS and DROVER_STORM_SEED make the storm
// longer or another.
package stream
