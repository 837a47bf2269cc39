// Package docs keeps the documents true. Every command line in them, in blocks
// and between backquotes, is checked against what the programs, the Makefile and
// the tests know; every block of shell commands is run in a sandbox with a real
// pipeline, or names the test or target that runs it:
//
//	<!-- run by: go test -run TestTheWalkThroughWorks ./tests/kubernetes/walk -->
//	<!-- runs until: page at -->    a server: it is interrupted once it says that
//
// Blocks of other languages whose first line is a comment with a file's name are
// that file for the commands after them.
package docs
