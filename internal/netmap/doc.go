// Package netmap folds traceroutes into a map of the network between servers:
// round-trip times and loss of each pair, the routes between them with their
// changes, routers that servers share, and estimates for pairs that nobody has
// measured.
//
// The forecaster gives a Map the paths of one partition's sources and asks at
// each tick which links have changed; for small fleets those include estimates
// of the pairs that nobody measures.
//
// An unmeasured pair is estimated over a router that paths of one end pass and
// paths to the other end too, where there is one. Elsewhere network coordinates
// serve: Vivaldi with height vectors (Dabek, Cox, Kaashoek, Morris: Vivaldi: a
// decentralized network coordinate system, SIGCOMM 2004), where the height is
// the access link, which every path of a server crosses; measured ways over a
// common third node bound such an estimate from both sides. Every estimate has
// an error.
//
// The package is a core: no clock, lock, logger or global random source; the
// same paths and ticks give the same links, byte for byte.
package netmap
