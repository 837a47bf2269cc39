// Package leaveout says in one place what happens to a test that needs what isn't
// there: it is left out, or fails where DROVER_REQUIRE_ALL=1 demands every test.
package leaveout

import (
	"os"
	"strings"
	"testing"
)

// Missing leaves the test out where something is missing; nothing missing, nothing
// happens.
func Missing(t testing.TB, missing ...string) {
	t.Helper()
	if len(missing) == 0 {
		return
	}
	message := "left out: not here: " + strings.Join(missing, ", ")
	if os.Getenv("DROVER_REQUIRE_ALL") == "1" {
		t.Fatal(message + "; DROVER_REQUIRE_ALL=1 demands it")
	}
	t.Skip(message)
}
