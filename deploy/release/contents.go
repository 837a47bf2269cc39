package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// file is one file of the archive; names are relative, with slashes.
type file struct {
	name string
	data []byte
	mode os.FileMode
}

// contents is what stands beside the man pages and completions.
type contents struct {
	files []file
	sbom  []byte
}

// carried lists what is taken from the sources as it is, by the folder that it
// comes to stand in.
var carried = map[string][]string{
	".":          {"LICENSE", "README.md"},
	"systemd":    {"deploy/systemd/*.service", "deploy/systemd/drover.sysusers", "deploy/systemd/drover.yaml"},
	"grafana":    {"deploy/grafana/*.json"},
	"prometheus": {"deploy/prometheus/*.yaml"},
}

// contents gathers the programs of an architecture and what belongs to them.
func (r *release) contents(ctx context.Context, bin string) (*contents, error) {
	out := &contents{}
	var infos []*buildinfo.BuildInfo
	for _, p := range r.programs {
		path := filepath.Join(bin, p.name)
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("contents: %w", err)
		}
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("contents: %s: %w", p.name, err)
		}
		infos = append(infos, info)
		out.files = append(out.files, file{name: p.name, data: data, mode: 0o755})
	}
	for _, folder := range slices.Sorted(maps.Keys(carried)) {
		for _, pattern := range carried[folder] {
			if err := out.carry(r.sources, folder, pattern); err != nil {
				return nil, err
			}
		}
	}
	modules := builtIn(infos)
	var err error
	if out.sbom, err = r.bill(modules, infos[0].GoVersion); err != nil {
		return nil, err
	}
	notices, err := r.notices(ctx, modules)
	if err != nil {
		return nil, err
	}
	out.files = append(out.files, file{name: "NOTICES", data: notices, mode: 0o644},
		file{name: "sbom.cdx.json", data: out.sbom, mode: 0o644})
	return out, nil
}

func (c *contents) carry(sources, folder, pattern string) error {
	paths, err := filepath.Glob(filepath.Join(sources, pattern))
	if err != nil || len(paths) == 0 {
		return fmt.Errorf("contents: %s: nothing there (%w)", pattern, os.ErrNotExist)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("contents: %w", err)
		}
		c.files = append(c.files,
			file{name: filepath.ToSlash(filepath.Join(folder, filepath.Base(path))), data: data, mode: 0o644})
	}
	return nil
}
