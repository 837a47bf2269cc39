// Package simfleet is a simulated fleet: servers, applications that call each
// other, days and weeks of load, a campaign and a maintenance window, all from
// a seed. It stands outside Drover like any fleet would: what it measures goes
// through the public doors, and it learns from outcomes where its replicas run.
//
// The package is pure: the caller says which event time it is. The same spec
// and the same outcomes give the same events, byte for byte.
package simfleet
