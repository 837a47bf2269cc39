package ingest

import (
	"math"
	"runtime/debug"
)

// What reading a file may take beside the program's own pages: a fixed part, and
// a multiple of the file.
const (
	memoryFixed    = 28 << 20
	memoryMultiple = 4
)

// boundMemory asks the collector to keep to what reading so many bytes may take.
// It is a wish, not a limit: live data beyond it is kept, at the price of more
// frequent collections.
func boundMemory(bytes int) (restore func()) {
	before := debug.SetMemoryLimit(memoryFixed + memoryMultiple*int64(bytes))
	if before != math.MaxInt64 { // the operator's own GOMEMLIMIT decides
		debug.SetMemoryLimit(before)
	}
	return func() { debug.SetMemoryLimit(before) }
}
