package model

import "time"

// ReportKind says what a report tells.
type ReportKind string

// the kinds of reports.
const (
	ReportDone     ReportKind = "done"     // the command has been carried out
	ReportFailed   ReportKind = "failed"   // it hasn't; Reason says why
	ReportReading  ReportKind = "reading"  // a look at the health of a replica, while the command runs
	ReportProgress ReportKind = "progress" // how far the command has come
)

// Report is what the outside world says about a command. It becomes an event so
// that everything which follows from it follows again in a replay.
type Report struct {
	Fleet FleetID
	Step  StepID
	Kind  ReportKind
	// Epoch is that of the owner who asked; reports to earlier owners count for
	// nothing, since the present one asks again.
	Epoch  int64
	At     Instant
	Reason string
	// Server is where Reading was taken.
	Server   ServerID
	Reading  Reading
	Progress Progress
}

// Reading is one look at a replica's health since the last one.
type Reading struct {
	Requests, Errors int64
	// ResponseMicros is the mean response time; 0 where nothing was measured.
	ResponseMicros int64
	// SaturationPPM is the use of the scarcest resource; negative: unknown.
	SaturationPPM int64
}

// Progress is how far a copy has come.
type Progress struct {
	DoneBytes, TotalBytes int64
	BytesPerSecond        int64 // of late; 0: unknown
	// TimeLeft is how long the rest takes at that rate; 0: unknown.
	TimeLeft time.Duration
}

// Beat is the clock of a partition's owner: time has come to At, and what had
// been read of the other inputs by then is to be taken in. The first beat of a
// new epoch is a take-over.
type Beat struct {
	Owner string
	Epoch int64
	At    Instant
	// Reads says how far each input had been read: Offset is the first record
	// that isn't taken in.
	Reads []InputOffset
}
