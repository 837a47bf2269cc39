// Command hello stands in for Drover's programs where a test makes a release: it
// says its version and writes documents like the first of them.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
)

// The linker sets these, as in the real programs.
var release, revision, committed string

func main() {
	if len(os.Args) < 4 {
		fmt.Println("hello", release, revision, committed, xxhash.Sum64String(release))
		return
	}
	names := map[string]string{"man": "drover.1", "completion": "drover.bash"}
	path := filepath.Join(os.Args[3], names[os.Args[2]])
	if os.MkdirAll(os.Args[3], 0o755) != nil || os.WriteFile(path, []byte("# hello\n"), 0o644) != nil {
		os.Exit(1)
	}
}
