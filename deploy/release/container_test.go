package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/spf13/cobra"

	"drover/internal/cli/health"
	"drover/internal/cli/service"
	"drover/internal/cli/topics"
	"drover/internal/config"
)

// TestTheContainerFile checks what can be checked without an engine: that every
// folder copied is there or was made, nothing runs as root, and the last stage
// has no shell.
func TestTheContainerFile(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	joined := strings.ReplaceAll(string(text), "\\\n", " ")
	stages := regexp.MustCompile(`(?m)^FROM `).Split(joined, -1)
	last := stages[len(stages)-1]
	if !strings.HasPrefix(last, "scratch\n") || strings.Contains(last, "\nRUN ") {
		t.Errorf("the last stage is not made of nothing:\n%s", last)
	}
	if !strings.Contains(last, "\nUSER 65534:65534\n") {
		t.Error("the programs run as root")
	}
	for _, m := range regexp.MustCompile(`(?m)^COPY (.*)$`).FindAllStringSubmatch(joined, -1) {
		words := strings.Fields(m[1])
		built := slices.Contains(words, "--from=build")
		for _, source := range words[:len(words)-1] {
			switch {
			case strings.HasPrefix(source, "--"):
			case built:
				if !strings.Contains(stages[1], source[:len(source)-1]) {
					t.Errorf("COPY %s: the build makes no such folder", source)
				}
			default:
				exists(t, source)
			}
		}
	}
	image := small().config()
	for name, value := range image.Labels {
		if !strings.Contains(last, name+`="`+value+`"`) && !strings.Contains(last, name+`="$`) {
			t.Errorf("the container file gives no label %s=%q, as the release's image has", name, value)
		}
	}
	if !strings.Contains(last, "\nENTRYPOINT [\""+image.Entrypoint[0]+"\"]\n") || !strings.Contains(last, "\nENV "+image.Env[0]+"\n") {
		t.Errorf("the release's image runs %q in %q:\n%s", image.Entrypoint, image.Env, last)
	}
	ignored, err := os.ReadFile(filepath.Join("..", "..", ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(string(ignored)) {
		for _, needed := range []string{"cmd", "deploy", "internal", "schemas", "go.mod", "go.sum", "LICENSE"} {
			if line == needed {
				t.Errorf(".dockerignore leaves out %s, which the build needs", line)
			}
		}
	}
}

func exists(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", "..", name)); err != nil {
		t.Errorf("the container file copies %s: %v", name, err)
	}
}

// takes checks that a service's program takes the flags that it is given.
func takes(t *testing.T, s *types.ServiceConfig) {
	t.Helper()
	argv := append(slices.Clone(s.Entrypoint), s.Command...)
	root := drover()
	if len(s.Entrypoint) > 0 {
		root = map[string]*cobra.Command{"/ingest": service.IngestCommand(), "/forecaster": service.ForecasterCommand(), "/planner": service.PlannerCommand(),
			"/executor": service.ExecutorCommand(), "/drover": root}[argv[0]]
		argv = argv[1:]
	}
	if root == nil {
		t.Errorf("%s: %q is no program of the image", s.Name, s.Entrypoint)
		return
	}
	c, flags, err := root.Find(argv)
	if err == nil {
		err = c.ParseFlags(flags)
	}
	if err != nil || len(argv) > 0 && len(c.Flags().Args()) > 0 {
		t.Errorf("%s: %q: %v, left over %q", s.Name, argv, err, c.Flags().Args())
	}
}

// drover holds the operator's commands that containers run.
func drover() *cobra.Command {
	root := &cobra.Command{Use: "drover"}
	root.AddCommand(service.WebCommand(), topics.Command(), health.Command())
	return root
}

// TestTheComposeFile loads it as Docker does and checks that its services run
// programs of the image, under settings that exist.
func TestTheComposeFile(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{filepath.Join("..", "compose.yaml")}, cli.WithDiscardEnvFile)
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	variables := map[string]bool{}
	for _, k := range config.Keys() {
		variables[k.Variable()] = true
	}
	ours := 0
	for name, s := range project.Services {
		for v := range s.Environment {
			if strings.HasPrefix(v, "DROVER_") && !variables[v] {
				t.Errorf("%s: %s is no variable of Drover", name, v)
			}
		}
		for _, c := range s.Configs {
			if _, ok := project.Configs[c.Source]; !ok {
				t.Errorf("%s: config %s is not given", name, c.Source)
			}
		}
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is open to other machines", name, p.Published)
			}
		}
		if s.Image != "drover" {
			continue
		}
		ours++
		if len(s.Entrypoint) > 0 {
			exists(t, filepath.Join("cmd", filepath.Base(s.Entrypoint[0])))
		}
		if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") {
			t.Errorf("%s has more rights than it needs", name)
		}
		if name != "topics" && (s.HealthCheck == nil || s.StopGracePeriod == nil) {
			t.Errorf("%s: nobody sees whether it is well, or waits for its end", name)
		}
		takes(t, &s)
	}
	if ours != 6 {
		t.Errorf("%d services of Drover, want 6", ours)
	}
}
