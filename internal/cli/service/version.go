package service

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// What the release build knows of this version; the linker sets them (-X
// drover/internal/cli/service.release=v1.2.3). Other builds leave them empty.
var (
	release   string
	revision  string // of the sources; "+" at its end: changed since
	committed string // when that was, in RFC 3339
)

// Build is what is known of how a program was built.
type Build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the sources; "+" at its end: changed since
	Time     string `json:"time,omitempty"`     // of that revision
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// BuildInfo returns what is known of the build.
func BuildInfo() Build {
	out := Build{Version: release, Revision: revision, Time: committed, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		out.Version = cmp.Or(out.Version, "unknown")
		return out
	}
	dirty := ""
	for _, s := range info.Settings {
		switch {
		case revision != "": // the linker knows better
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			out.Revision = s.Value[:12]
		case s.Key == "vcs.time":
			out.Time = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+"
		}
	}
	if out.Revision != "" {
		out.Revision += dirty
	}
	out.Version = cmp.Or(out.Version, out.Revision, info.Main.Version, "unknown")
	return out
}

// Version returns the version alone: the release's name, or the revision that it
// was built from.
func Version() string { return BuildInfo().Version }

// String writes it for people.
func (b Build) String() string {
	text := fmt.Sprintf("drover %s, %s, %s", b.Version, b.Go, b.Platform)
	if b.Revision != "" && b.Revision != b.Version {
		text += ", revision " + b.Revision
	}
	if b.Time != "" {
		text += " of " + b.Time
	}
	return text
}
