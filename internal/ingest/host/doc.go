// Package host reports the machine that it runs on: its CPU, memory and network
// totals from Linux's /proc, and the routes from it as the installed traceroute
// sees them. A single machine can so feed a fleet without other tools.
//
// Counters are given raw, as all producers give them. Neighbours: `drover ingest
// host` sends what Read and Trace return to a door.
package host
