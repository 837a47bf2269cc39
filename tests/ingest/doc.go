// Package ingest tests the doors with the producers that fleets run: a real
// Prometheus that scrapes a page and writes it on.
package ingest
