// Package compose reads the services of compose files (compose-go does the
// reading) as applications with their declared dependencies.
//
// A dependency is what depends_on and links name, and every other service that
// an environment value points at ("CART_ADDR=cart:7070"). Variables that nobody
// knows stand as "1", so that a file can be read without its .env.
package compose

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/ingest/format/yamldoc"
	"drover/internal/model"
)

func init() {
	// compose-go warns of unset variables on the process's standard error.
	logrus.SetLevel(logrus.ErrorLevel)
}

// Parse reads one file; each service is a record and a model.Application.
func Parse(data []byte, opt format.Options, out *format.Out) {
	data = jsonscan.BOM(data)
	if len(bytes.TrimSpace(data)) == 0 {
		out.Reject(errors.New("empty input: want a compose file"))
		return
	}
	if err := yamldoc.Check(data); err != nil {
		out.Reject(err)
		return
	}
	details := types.ConfigDetails{WorkingDir: ".", Environment: types.Mapping{},
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: data}}}
	project, err := loader.LoadWithContext(context.Background(), details, func(o *loader.Options) {
		o.SetProjectName("drover", true)
		// Other files are not at hand: only what this one says is read.
		o.SkipNormalization, o.SkipConsistencyCheck, o.SkipExtends, o.SkipInclude = true, true, true, true
		o.SkipResolveEnvironment, o.SkipResolveLabels, o.SkipDefaultValues = true, true, true
		o.ResolvePaths = false
		o.Profiles = []string{"*"}
		o.Interpolate.LookupValue = opt.Lookup
		o.Interpolate.Substitute = substitute
		if opt.Lookup == nil {
			o.Interpolate.LookupValue = func(string) (string, bool) { return "", false }
		}
	})
	if err != nil {
		out.Reject(fmt.Errorf("compose: %w", err))
		return
	}
	emit(project, opt, out)
}

// substitute fills in variables; one that is unknown and has no default is "1",
// which is a valid port, number and name.
func substitute(text string, lookup template.Mapping) (string, error) {
	return template.SubstituteWithOptions(text, func(name string) (string, bool) {
		if v, ok := lookup(name); ok {
			return v, true
		}
		if strings.Contains(text, "{"+name+":-") || strings.Contains(text, "{"+name+"-") {
			return "", false
		}
		return "1", true
	}, template.WithoutLogging)
}

func emit(project *types.Project, opt format.Options, out *format.Out) {
	names := make([]string, 0, len(project.Services))
	known := map[string]bool{}
	for name := range project.Services {
		names = append(names, name)
		known[name] = true
	}
	sort.Strings(names)
	for _, name := range names {
		service := project.Services[name]
		if service.GetScale() < 0 {
			out.Reject(fmt.Errorf("services.%s: %d replicas", name, service.GetScale()))
			continue
		}
		out.Record(application(name, &service, known, opt))
	}
}

func application(name string, s *types.ServiceConfig, known map[string]bool, opt format.Options) model.Application {
	a := model.Application{Fleet: opt.Fleet, ID: model.ApplicationID(name), At: opt.At, Replicas: s.GetScale(), ServiceCVMilli: -1}
	a.Request[model.CPU] = int64(math.Round(float64(s.CPUS) * 1000))
	a.Request[model.Memory] = int64(max(s.MemReservation, 0))
	if a.Request[model.Memory] == 0 {
		a.Request[model.Memory] = int64(max(s.MemLimit, 0))
	}
	if s.Deploy != nil {
		// What is reserved counts; a limit where nothing is.
		for _, r := range []*types.Resource{s.Deploy.Resources.Limits, s.Deploy.Resources.Reservations} {
			if r == nil {
				continue
			}
			if r.NanoCPUs > 0 {
				a.Request[model.CPU] = int64(math.Round(float64(r.NanoCPUs) * 1000))
			}
			if r.MemoryBytes > 0 {
				a.Request[model.Memory] = int64(r.MemoryBytes)
			}
		}
	}
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeVolume {
			a.Stateful = true
		}
	}
	if len(s.Labels) > 0 {
		a.Labels = map[string]string(s.Labels)
	}
	for _, d := range format.Distinct(dependencies(s, known), name) {
		a.DependsOn = append(a.DependsOn, model.ApplicationID(d))
	}
	return a
}

func dependencies(s *types.ServiceConfig, known map[string]bool) []string {
	var found []string
	for d := range s.DependsOn {
		found = append(found, d)
	}
	for _, link := range s.Links {
		target, _, _ := strings.Cut(link, ":")
		found = append(found, target)
	}
	for key, value := range s.Environment {
		if value != nil {
			upper := strings.ToUpper(key)
			bare := strings.HasSuffix(upper, "_HOST") || strings.HasSuffix(upper, "_ADDR") || strings.HasSuffix(upper, "_HOSTNAME")
			found = append(found, format.NamedServices(*value, known, bare)...)
		}
	}
	return found
}
