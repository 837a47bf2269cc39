// Package inventory reads what a fleet consists of, in a format of our own: YAML
// with servers and applications (schema in docs/ingest.md), or CSV with a row
// for each server.
//
// Amounts have units: cpu "16" or "500m", memory and disk "64GiB", receive and
// transmit "10Gbit/s"; times are Go durations ("30s", "8760h"); shares are from
// 0 to 1; power is in watts at shares of CPU capacity; cost is money an hour.
package inventory
