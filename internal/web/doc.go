// Package web is the operator's window: it follows the topics into a read model
// and serves the HTTP API and the console over it. It decides nothing; the only
// things it writes are people's orders and the audit log, which go through the
// same topics as everyone's.
package web
