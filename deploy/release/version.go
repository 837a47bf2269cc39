package main

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// version is what a build is called, and the commit that it was built from.
type version struct {
	Name      string    // as git describes it: v1.2.3, v1.2.3-4-g0123abc, or 0123abc without a tag
	Revision  string    // the commit; "+" at its end: changed since
	Committed time.Time // of the commit: the time of every file of the release
}

// described takes apart what `git describe` says after a tag.
var described = regexp.MustCompile(`^v?(\d+\.[^-]*)(?:-([a-z][0-9A-Za-z.]*))??(?:-(\d+)-(g[0-9a-f]+))?(-dirty)?$`)

// describe asks git about the sources; name, if given, wins over git's.
func describe(ctx context.Context, sources, name string) (version, error) {
	git := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", sources}, args...)...).Output()
		if err != nil {
			return "", fmt.Errorf("git %s: %w (a release is built from a clone)", args[0], err)
		}
		return strings.TrimSpace(string(out)), nil
	}
	said, err := git("describe", "--tags", "--always", "--dirty", "--match", "v[0-9]*")
	if err != nil {
		return version{}, err
	}
	commit, err := git("log", "-1", "--format=%H %ct")
	if err != nil {
		return version{}, err
	}
	v, err := told(said, commit)
	if err != nil {
		return version{}, err
	}
	if name != "" {
		v.Name = name
	}
	return v, nil
}

// told returns the version that somebody says who has asked git: its name and the
// commit's hash and time. Of a build that was told nothing, nothing is known.
func told(name, commit string) (version, error) {
	if commit == "" {
		return version{Name: cmp.Or(name, "devel")}, nil
	}
	hash, seconds, _ := strings.Cut(commit, " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || len(hash) < 12 {
		return version{}, fmt.Errorf("%q is no commit with a time: want HASH SECONDS", commit)
	}
	v := version{Name: cmp.Or(name, "devel"), Revision: hash[:12], Committed: time.Unix(unix, 0).UTC()}
	if strings.HasSuffix(name, "-dirty") {
		v.Revision += "+"
	}
	return v, nil
}

// Time returns the commit's time in RFC 3339; empty: it isn't known.
func (v version) Time() string {
	if v.Committed.IsZero() {
		return ""
	}
	return v.Committed.Format(time.RFC3339)
}

// File returns the version as it stands in file names.
func (v version) File() string { return strings.TrimPrefix(v.Name, "v") }

// Debian returns the version as dpkg orders it: candidates before their release,
// commits after it, and commits without any release before everything.
func (v version) Debian() string {
	m := described.FindStringSubmatch(v.Name)
	if m == nil {
		name, dirty := strings.CutSuffix(v.Name, "-dirty")
		out := "0~" + v.Committed.Format("20060102150405") + "." + strings.NewReplacer("-", ".", "/", ".", "_",
			".").Replace(name)
		if dirty {
			out += "+dirty"
		}
		return out
	}
	out := m[1]
	if m[2] != "" {
		out += "~" + m[2]
	}
	if m[3] != "" {
		out += "+" + m[3] + "." + m[4]
	}
	if m[5] != "" {
		out += "+dirty"
	}
	return out
}
