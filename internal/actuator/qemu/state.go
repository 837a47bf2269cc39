package qemu

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"syscall"
)

// The run states of QEMU that matter here.
const (
	runRunning     = "running"
	runWaiting     = "inmigrate"   // for a guest to come
	runMigrated    = "postmigrate" // the guest has gone elsewhere
	runSwitching   = "finish-migrate"
	runPaused      = "paused"
	runPrelaunch   = "prelaunch"
	runUnreachable = "" // nobody answers
)

// runState asks a QEMU what its guest does; one that isn't there is
// runUnreachable and no error.
func runState(ctx context.Context, p *Place) (string, error) {
	var status struct {
		Status string `json:"status"`
	}
	err := ask(ctx, p.QMP, "query-status", nil, &status)
	if absent(err) {
		return runUnreachable, nil
	}
	return status.Status, err
}

// runStates asks both sides of a migration.
func runStates(ctx context.Context, from, to *Place) (source, target string, err error) {
	if source, err = runState(ctx, from); err != nil {
		return "", "", err
	}
	target, err = runState(ctx, to)
	return source, target, err
}

// absent tells whether an error means that there is no QEMU.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed)
}

// progress is what QEMU says of a migration.
type progress struct {
	Status string `json:"status"`
	Error  string `json:"error-desc"`
	// TotalMillis and DowntimeMillis are of one that is completed.
	TotalMillis    int64 `json:"total-time"`
	DowntimeMillis int64 `json:"downtime"`
	RAM            struct {
		Remaining   int64 `json:"remaining"`
		Transferred int64 `json:"transferred"`
		Rounds      int64 `json:"dirty-sync-count"`
	} `json:"ram"`
}

// The states of a migration.
const (
	migrationNone      = ""
	migrationSetup     = "setup"
	migrationActive    = "active"
	migrationDevice    = "device"
	migrationCompleted = "completed"
	migrationFailed    = "failed"
	migrationCancelled = "cancelled"
	migrationStopping  = "cancelling"
)

// under tells whether the migration is still going on.
func (p *progress) under() bool {
	switch p.Status {
	case migrationNone, migrationCompleted, migrationFailed, migrationCancelled:
		return false
	}
	return true
}

func query(ctx context.Context, p *Place) (progress, error) {
	var got progress
	err := ask(ctx, p.QMP, "query-migrate", nil, &got)
	return got, err
}
