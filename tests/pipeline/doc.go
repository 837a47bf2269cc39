// Package pipeline tests the whole pipeline as its users run it: the programs as
// processes of their own, on real Kafka and real Redis, fed with recorded days.
package pipeline
