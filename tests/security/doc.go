// Package security runs Drover's services on a Kafka with TLS, SCRAM, client
// certificates and its authoriser on, and on a Redis with TLS and ACL users:
// each service works with exactly the rights that are made for it, is told which
// right it lacks elsewhere, and lets no secret out. Left out where Java, Maven
// or redis-server are missing, unless DROVER_REQUIRE_ALL=1.
package security
