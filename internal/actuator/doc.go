// Package actuator says what a driver is: the thing that performs a move's
// commands on the outside world. Each driver is a folder below; this package
// holds what they share and imports the model only.
//
// A driver promises that its commands converge: a command looks at the world
// first and goes on from what it finds, so that performing it again after a
// crash, at any point, ends in the same place. It checks its deadline before
// every act that matters and does nothing after it. What it can't promise it
// says in its Capabilities, and the executor makes up for it: it asks for
// Status after a take-over, performs again what is unknown, and waits out the
// deadline of an earlier owner where commands can't be refused by epoch.
//
// The decisions (what to do next, when to give up) are in internal/saga; the
// service that connects the two is the executor.
package actuator
