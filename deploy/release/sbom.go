package main

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

func (r *release) sbomName(arch string) string {
	return fmt.Sprintf("drover_%s_linux_%s.cdx.json", r.version.File(), arch)
}

// builtIn returns the modules that the linker put into any of the programs,
// sorted; a replaced module is what it was replaced by.
func builtIn(infos []*buildinfo.BuildInfo) []debug.Module {
	seen := map[string]debug.Module{}
	for _, info := range infos {
		for _, m := range info.Deps {
			for m.Replace != nil {
				m = m.Replace
			}
			seen[m.Path+"@"+m.Version] = *m
		}
	}
	out := make([]debug.Module, 0, len(seen))
	for _, m := range seen {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b debug.Module) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Version, b.Version))
	})
	return out
}

// bill writes the bill of materials (CycloneDX 1.6): what the programs are made
// of, as they say themselves. The hash of a module is go.sum's (of its files).
func (r *release) bill(modules []debug.Module, goVersion string) ([]byte, error) {
	self := "pkg:golang/drover@" + r.version.Name
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{
		Timestamp: r.version.Committed.Format(time.RFC3339),
		Component: &cyclonedx.Component{
			BOMRef: self, Type: cyclonedx.ComponentTypeApplication, Name: "drover", Version: r.version.Name, PackageURL: self,
			Licenses: &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}}},
	}
	library := "pkg:golang/std@" + strings.TrimPrefix(goVersion, "go")
	components := []cyclonedx.Component{{BOMRef: library, Type: cyclonedx.ComponentTypeLibrary, Name: "std",
		Version: strings.TrimPrefix(goVersion, "go"), PackageURL: library}}
	refs := []string{library}
	for _, m := range modules {
		url := "pkg:golang/" + m.Path + "@" + m.Version
		c := cyclonedx.Component{
			BOMRef:     url,
			Type:       cyclonedx.ComponentTypeLibrary,
			Name:       m.Path,
			Version:    m.Version,
			PackageURL: url,
		}
		if sum, ok := strings.CutPrefix(m.Sum, "h1:"); ok {
			raw, err := base64.StdEncoding.DecodeString(sum)
			if err != nil {
				return nil, fmt.Errorf("sbom: sum of %s: %w", m.Path, err)
			}
			c.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(raw)}}
		}
		components, refs = append(components, c), append(refs, url)
	}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: self, Dependencies: &refs}}
	var b bytes.Buffer
	encoder := cyclonedx.NewBOMEncoder(&b, cyclonedx.BOMFileFormatJSON)
	if err := encoder.SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6); err != nil {
		return nil, fmt.Errorf("sbom: %w", err)
	}
	return b.Bytes(), nil
}
