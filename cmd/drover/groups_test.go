package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestHelpFitsATerminalAndLeavesNobodyOut looks at what `drover --help` says.
func TestHelpFitsATerminalAndLeavesNobodyOut(t *testing.T) {
	root := newRootCommand()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs([]string{"--help"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	for _, c := range root.Commands() {
		if c.GroupID == "" {
			t.Errorf("%s is in no group of groups.go", c.Name())
		}
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if n := utf8.RuneCountInString(line); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, g := range groups {
		if !strings.Contains(out.String(), g.title) {
			t.Errorf("%q is not in the help:\n%s", g.title, out.String())
		}
	}
}
