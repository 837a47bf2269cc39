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
		built := slices.ContainsFunc(words, func(w string) bool { return w == "--from=build" })
		for _, source := range words[:len(words)-1] {
			switch {
			case strings.HasPrefix(source, "--"):
			case built && strings.HasPrefix(source, "/src/"):
				exists(t, strings.TrimPrefix(source, "/src/"))
			case built:
				if !strings.Contains(stages[1], source[:len(source)-1]) && !strings.HasPrefix(source, "/etc/ssl/") {
					t.Errorf("COPY %s: the build makes no such folder", source)
				}
			default:
				exists(t, source)
			}
		}
	}
	ignored, err := os.ReadFile(filepath.Join("..", "..", ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(string(ignored)) {
		for _, needed := range []string{"cmd", "internal", "schemas", "go.mod", "go.sum", "LICENSE"} {
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
		if name != "topics" && (!s.ReadOnly || !slices.Contains(s.CapDrop, "ALL")) {
			t.Errorf("%s has more rights than it needs", name)
		}
	}
	if ours != 6 {
		t.Errorf("%d services of Drover, want 6", ours)
	}
}
