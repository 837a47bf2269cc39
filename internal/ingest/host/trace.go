package host

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/traceroute"
	"drover/internal/model"
)

// Trace runs the installed traceroute towards a target and returns the path.
func Trace(ctx context.Context, from model.ServerID, target string, at model.Instant) (model.Path, error) {
	if target == "" || strings.HasPrefix(target, "-") {
		return model.Path{}, fmt.Errorf("target %q: want a host or an address", target)
	}
	text, err := exec.CommandContext(ctx, "traceroute", "-n", "-w", "2", "-q", "3", target).Output()
	if err != nil {
		return model.Path{}, fmt.Errorf("traceroute to %s: %w", target, err)
	}
	var path model.Path
	out := format.NewOut(func(event any) {
		if p, ok := event.(model.Path); ok {
			path = p
		}
	})
	traceroute.Parse(text, format.Options{Server: from, At: at, Producer: "host/" + string(from)}, out)
	if out.First != nil {
		return path, fmt.Errorf("traceroute to %s: %w", target, out.First)
	}
	path.To = target
	return path, nil
}
