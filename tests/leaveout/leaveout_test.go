package leaveout

import (
	"strings"
	"testing"
)

// told keeps what a test would have ended with.
type told struct {
	testing.TB
	fatal, skip string
}

func (t *told) Helper()           {}
func (t *told) Fatal(args ...any) { t.fatal = args[0].(string) }
func (t *told) Skip(args ...any)  { t.skip = args[0].(string) }

func TestMissing(t *testing.T) {
	t.Setenv("DROVER_REQUIRE_ALL", "1")
	demanded := &told{}
	Missing(demanded, "java", "mvn")
	if !strings.Contains(demanded.fatal, "java, mvn") {
		t.Errorf("demanded: %+v", demanded)
	}
	nothing := &told{}
	Missing(nothing)
	if nothing.fatal+nothing.skip != "" {
		t.Errorf("nothing missing: %+v", nothing)
	}
	t.Setenv("DROVER_REQUIRE_ALL", "")
	left := &told{}
	Missing(left, "java")
	if left.fatal != "" || !strings.Contains(left.skip, "left out: not here: java") {
		t.Errorf("not demanded: %+v", left)
	}
}
