// Package netmap folds traceroutes into a map of the network between servers:
// round-trip times and loss of each pair, the routes between them with their
// changes, routers that servers share, and estimates for pairs that nobody has
// measured.
//
// Map is the streaming half: the forecaster gives it the paths of one
// partition's sources and asks at each tick which links have changed. View is
// the reading half, built from links.
//
// Unmeasured pairs are estimated by network coordinates: Vivaldi with height
// vectors (Dabek, Cox, Kaashoek, Morris: Vivaldi: a decentralized network
// coordinate system, SIGCOMM 2004), where the height is the access link, which
// every path of a server crosses. Measured legs over a common server or router
// bound the estimate from both sides.
//
// The package is a core: no clock, lock, logger or global random source; the
// same paths and ticks give the same links, byte for byte.
package netmap
