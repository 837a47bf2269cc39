// Package walk runs the walk-through of docs/kubernetes.md, command by command.
package walk
