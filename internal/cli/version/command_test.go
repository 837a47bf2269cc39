package version

import (
	"bytes"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"drover/internal/cli"
	"drover/internal/cli/service"
)

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	c := Command()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(args)
	err := c.Execute()
	return out.String(), err
}

func TestVersionSaysWhichBuildThisIs(t *testing.T) {
	text, err := run(t)
	if err != nil || !strings.HasPrefix(text, "drover "+service.Version()+", "+runtime.Version()) {
		t.Errorf("%q, %v", text, err)
	}
	text, err = run(t, "-o", "json")
	var b service.Build
	if err != nil || json.Unmarshal([]byte(text), &b) != nil || b.Version == "" || b.Platform != runtime.GOOS+"/"+runtime.GOARCH {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := run(t, "-o", "xml"); cli.ExitCode(err) != 2 {
		t.Errorf("-o xml gives %v, want wrong usage", err)
	}
}
