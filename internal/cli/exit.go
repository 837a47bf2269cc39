// Package cli holds what the operator's commands share: exit codes and output
// formats. Each command is a package of its own below this one; it wires
// cores, shells and services and holds no domain logic.
package cli

import (
	"errors"
	"strings"
)

// ErrSilent is wrapped by errors whose message has been printed already.
var ErrSilent = errors.New("already reported")

// usageError marks an error as wrong usage (exit code 2).
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// Usage marks err as wrong usage: the process will exit with 2.
func Usage(err error) error { return usageError{err} }

// ExitCode returns the process's exit code for a command's error: 0 done, 1 the
// input or the result is bad, 2 wrong usage.
func ExitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"),
		strings.HasPrefix(err.Error(), "required flag"), strings.Contains(err.Error(), "arg(s)"):
		return 2
	}
	return 1
}
