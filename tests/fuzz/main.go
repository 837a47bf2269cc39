// Command fuzz runs every fuzz target of the project in turn and prints one
// JSON object with how many there were and how many failed. Each package's tests
// are compiled once, for all of its targets.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	each := flag.Duration("time", 30*time.Second, "how long to fuzz each target")
	only := flag.String("package", "", "only packages whose path holds this")
	flag.Parse()
	targets, failures, err := run(*each, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
	fmt.Printf("{\"targets\":%d,\"failures\":%d}\n", targets, failures)
	if failures > 0 || targets == 0 {
		os.Exit(1)
	}
}

func run(each time.Duration, only string) (targets, failures int, err error) {
	packages, err := find(only)
	if err != nil {
		return 0, 0, err
	}
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return 0, 0, fmt.Errorf("go env: %w", err)
	}
	dir, err := os.MkdirTemp("", "drover-fuzz-")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	for _, p := range packages {
		program := filepath.Join(dir, "test")
		if said, err := exec.Command("go", "test", "-c", "-vet=off", "-fuzz", ".", "-o", program, p.path).CombinedOutput(); err != nil {
			return targets, failures, fmt.Errorf("compile %s: %w\n%s", p.path, err, said)
		}
		for _, name := range p.targets {
			targets++
			fmt.Fprintf(os.Stderr, "%s %s\n", p.path, name)
			// Making inputs of some kilobytes smaller would take the whole time.
			cmd := exec.Command(program, "-test.run", "^$", "-test.fuzz", "^"+name+"$", "-test.fuzztime", each.String(), "-test.fuzzminimizetime", "100x",
				"-test.fuzzcachedir", filepath.Join(strings.TrimSpace(string(cache)), "fuzz", p.path))
			cmd.Dir = p.dir // where its testdata is
			if said, err := cmd.CombinedOutput(); err != nil {
				failures++
				fmt.Fprintf(os.Stderr, "%s\n%s: %v\n", said, name, err)
			}
		}
	}
	return targets, failures, nil
}

// fuzzed is a package with targets.
type fuzzed struct {
	path, dir string
	targets   []string
}

// declaration is how a target begins.
var declaration = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(\w+ \*testing\.F\)`)

// find returns the packages that have targets, which their test files tell
// without being compiled.
func find(only string) ([]fuzzed, error) {
	listed, err := exec.Command("go", "list", "-f", "{{.ImportPath}}\t{{.Dir}}\t{{join .TestGoFiles \" \"}} {{join .XTestGoFiles \" \"}}", "./...").Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			return nil, fmt.Errorf("go list: %w\n%s", err, failed.Stderr)
		}
		return nil, fmt.Errorf("go list: %w", err)
	}
	var packages []fuzzed
	for line := range bytes.Lines(listed) {
		fields := strings.SplitN(strings.TrimSpace(string(line)), "\t", 3)
		if len(fields) < 3 || !strings.Contains(fields[0], only) {
			continue
		}
		p := fuzzed{path: fields[0], dir: fields[1]}
		for _, file := range strings.Fields(fields[2]) {
			text, err := os.ReadFile(filepath.Join(p.dir, file))
			if err != nil {
				return nil, err
			}
			for _, m := range declaration.FindAllSubmatch(text, -1) {
				p.targets = append(p.targets, string(m[1]))
			}
		}
		if len(p.targets) > 0 {
			packages = append(packages, p)
		}
	}
	return packages, nil
}
