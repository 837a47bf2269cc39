package main

import (
	"os/exec"
	"testing"
	"time"
)

func TestVersionsAreOrderedAsDpkgOrdersThem(t *testing.T) {
	committed := time.Date(2026, 11, 27, 1, 2, 3, 0, time.UTC)
	// From the oldest to the newest.
	cases := []struct{ name, debian, file string }{
		{"0123abc", "0~20261127010203.0123abc", "0123abc"},
		{"v1.2.3-rc.1", "1.2.3~rc.1", "1.2.3-rc.1"},
		{"v1.2.3-rc.1-2-g0123abc", "1.2.3~rc.1+2.g0123abc", "1.2.3-rc.1-2-g0123abc"},
		{"v1.2.3", "1.2.3", "1.2.3"},
		{"v1.2.3-dirty", "1.2.3+dirty", "1.2.3-dirty"},
		{"v1.2.4-4-g0123abc", "1.2.4+4.g0123abc", "1.2.4-4-g0123abc"},
		{"v1.2.4-4-g0123abc-dirty", "1.2.4+4.g0123abc+dirty", "1.2.4-4-g0123abc-dirty"},
		{"v1.10.0", "1.10.0", "1.10.0"},
	}
	before := ""
	for _, c := range cases {
		v := version{Name: c.name, Committed: committed}
		if v.Debian() != c.debian || v.File() != c.file {
			t.Errorf("%s: Debian %s, file %s; want %s and %s", c.name, v.Debian(), v.File(), c.debian, c.file)
		}
		if _, err := exec.LookPath("dpkg"); err == nil && before != "" {
			if err := exec.Command("dpkg", "--compare-versions", before, "lt", v.Debian()).Run(); err != nil {
				t.Errorf("dpkg does not put %s before %s", before, v.Debian())
			}
		}
		before = v.Debian()
	}
	if got := (version{Name: "night_build/x-dirty", Committed: committed}).Debian(); got != "0~20261127010203.night.build.x+dirty" {
		t.Errorf("a name that is no version became %s", got)
	}
}

// TestDescribeAsksGit walks one repository from its first commit to a changed tag.
func TestDescribeAsksGit(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command(
			"git",
			append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
		cmd.Env = append(cmd.Environ(), "GIT_COMMITTER_DATE=2026-11-27T01:02:03Z")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	if _, err := describe(t.Context(), dir, ""); err == nil {
		t.Error("a folder without a repository has a version")
	}
	git("init", "-q")
	git("commit", "-q", "--allow-empty", "-m", "first")
	v, err := describe(t.Context(), dir, "")
	if err != nil || len(v.Name) < 7 || v.Name != v.Revision[:len(v.Name)] ||
		v.Committed != time.Date(2026, 11, 27, 1, 2, 3, 0, time.UTC) {
		t.Errorf("without a tag: %+v, %v", v, err)
	}
	git("tag", "v0.1.0")
	git("tag", "another")
	if v, err := describe(t.Context(), dir, ""); err != nil || v.Name != "v0.1.0" {
		t.Errorf("at a tag: %+v, %v", v, err)
	}
	if v, err := describe(t.Context(), dir, "v9"); err != nil || v.Name != "v9" || len(v.Revision) != 12 {
		t.Errorf("with a name of its own: %+v, %v", v, err)
	}
}
