// Package registry tries the schema registries behind one set of tests: the one
// in the process and a real Apicurio Registry by its Confluent-compatible
// interface. Every schema is registered with the policy FULL_TRANSITIVE, what
// breaks it is refused, and records go between older and newer schemas in both
// directions. Left out where Java or Maven are missing, unless
// DROVER_REQUIRE_ALL=1.
package registry
