// Package netmap tries the network map on a real kernel: thirty servers, racks
// and zones as network namespaces, joined by links that delay packets, traced by
// the real traceroute. Half of the pairs are never traced; the map's estimates
// of those are compared with their real round trips. Real records of every
// traceroute format are folded too.
//
// The first needs root, ip, traceroute and /dev/net/tun, and about a minute:
//
//	DROVER_NETNS=1 go test -v ./tests/netmap
package netmap
