package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tree is what may be said on a command line: flags by the path of a command.
// It is read from the reference, which a test in cmd/drover holds against the
// programs.
type tree map[string]map[string]bool

func commandTree(t *testing.T) tree {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "docs", "reference", "commands.md"))
	if err != nil {
		t.Fatal(err)
	}
	out, current := tree{}, ""
	row := regexp.MustCompile("^\\| `(?:(-\\w), )?(--[-\\w]+)` \\|")
	for _, line := range strings.Split(string(text), "\n") {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			current = name
			out[current] = map[string]bool{"--help": true, "-h": true, "--version": true, "-v": true}
		} else if m := row.FindStringSubmatch(line); m != nil {
			out[current][m[1]], out[current][m[2]] = true, true
		}
	}
	out["drover completion"] = map[string]bool{} // cobra's own, which the reference leaves out
	if len(out) < 60 {
		t.Fatalf("only %d commands in the reference", len(out))
	}
	return out
}

var (
	services = []string{"ingest", "forecaster", "planner", "executor"}
	quoted   = regexp.MustCompile(`'[^']*'|"[^"]*"`)
	comment  = regexp.MustCompile(`(?m)(^|\s)#[^{].*$`)
	breaks   = regexp.MustCompile(`\|\||&&|\$\(|[|;&\n()]`)
	flagWord = regexp.MustCompile(`^--?[a-z][-\w]*`)
)

// simple cuts a script into its simple commands, in words. Quoted texts become
// one word, since what they hold is no flag of ours.
func simple(script string) [][]string {
	script = strings.ReplaceAll(script, "\\\n", " ")
	script = comment.ReplaceAllString(script, "")
	script = quoted.ReplaceAllString(script, "Q")
	var out [][]string
	for _, part := range breaks.Split(script, -1) {
		words := strings.Fields(part)
		for len(words) > 0 && (strings.Contains(words[0], "=") || slices.Contains([]string{"until", "if", "while", "do", "then", "nice", "time", "!"}, words[0])) {
			words = words[1:]
		}
		if len(words) > 0 {
			words[0] = strings.TrimPrefix(words[0], "trial/")
			out = append(out, words)
		}
	}
	return out
}

// check returns what is wrong with one simple command; nil where it is none of
// ours.
func (tr tree) check(dir string, words []string) error {
	name := words[0]
	if service := strings.TrimPrefix(name, "drover-"); slices.Contains(services, service) {
		if len(words) > 1 && !strings.HasPrefix(words[1], "-") {
			return nil // prose: `ingest` and what follows
		}
		return tr.flags(service, words[1:])
	}
	switch {
	case name == "drover":
		return tr.drover(words)
	case name == "go" && len(words) > 2 && words[1] == "run" && words[2] == "./cmd/drover":
		return tr.drover(append([]string{"drover"}, words[3:]...))
	case name == "go" && len(words) > 2:
		return goCommand(dir, words[1:])
	case name == "make" && len(words) > 1:
		return target(dir, words[1])
	}
	return nil
}

func (tr tree) drover(words []string) error {
	path, rest := words[0], words[1:]
	for len(rest) > 0 && tr[path+" "+rest[0]] != nil {
		path, rest = path+" "+rest[0], rest[1:]
	}
	if children := tr.children(path); children && len(rest) > 0 &&
		regexp.MustCompile(`^[a-z][-a-z]+$`).MatchString(rest[0]) &&
		!tr.takesArguments(path) {
		return fmt.Errorf("%s has no command %q", path, rest[0])
	}
	return tr.flags(path, rest)
}

func (tr tree) children(path string) bool {
	for p := range tr {
		if strings.HasPrefix(p, path+" ") {
			return true
		}
	}
	return false
}

// takesArguments tells of commands with commands below them that take other
// words as well, as `drover forecast` and `drover replay` do.
func (tr tree) takesArguments(path string) bool { return path != "drover" && len(tr[path]) > 4 }

func (tr tree) flags(path string, words []string) error {
	for _, w := range words {
		f := flagWord.FindString(strings.Trim(w, "[]"))
		if f == "" {
			continue
		}
		known := false
		for p := path; ; p = p[:strings.LastIndex(p, " ")] {
			known = known || tr[p][f] || len(f) > 2 && f[1] != '-' && tr[p][f[:2]]
			if !strings.Contains(p, " ") {
				break
			}
		}
		if !known {
			return fmt.Errorf("%s has no flag %s", path, f)
		}
	}
	return nil
}

func target(dir, name string) error {
	text, err := os.ReadFile(filepath.Join(dir, "Makefile"))
	if err != nil {
		return err
	}
	if !regexp.MustCompile(`(?m)^([-\w%]+ )*` + regexp.QuoteMeta(name) + `( [-\w]+)*:`).Match(text) {
		return fmt.Errorf("the Makefile has no target %s", name)
	}
	return nil
}

// goCommand checks `go run ./x`, and that `go test -run X ./x` finds something.
func goCommand(dir string, words []string) error {
	var packages []string
	patterns := map[string]string{}
	for i, w := range words {
		if strings.HasPrefix(w, "./") && !strings.HasPrefix(words[max(0, i-1)], "-o") {
			packages = append(packages, w)
		} else if f := strings.TrimLeft(w, "-"); (f == "run" || f == "bench" || f == "fuzz") && w != f && i+1 < len(words) {
			patterns[f] = words[i+1]
		}
		if words[0] == "run" && len(packages) > 0 {
			break
		}
	}
	for _, p := range packages {
		folder := filepath.Join(dir, strings.TrimSuffix(p, "..."))
		files, _ := filepath.Glob(filepath.Join(folder, "*.go"))
		if len(files) == 0 && !strings.HasSuffix(p, "...") {
			return fmt.Errorf("%s is no package", p)
		}
	}
	if words[0] != "test" {
		return nil
	}
	for kind, pattern := range patterns {
		if pattern == "xxx" || pattern == "Q" || pattern == "." || pattern == "^$" {
			continue
		}
		if err := finds(dir, packages, kind, pattern); err != nil {
			return err
		}
	}
	return nil
}

// finds tells whether a pattern of go test matches a function of the packages.
func finds(dir string, packages []string, kind, pattern string) error {
	prefix := map[string]string{"run": "(Test|Fuzz|Example)", "bench": "Benchmark", "fuzz": "Fuzz"}[kind]
	pattern, _, _ = strings.Cut(pattern, "/")
	want, err := regexp.Compile(pattern)
	if err != nil {
		return fmt.Errorf("go test: %w", err)
	}
	names := regexp.MustCompile(`(?m)^func (` + prefix + `\w*)\(`)
	for _, p := range packages {
		files, _ := filepath.Glob(filepath.Join(dir, p, "*_test.go"))
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				return err
			}
			for _, m := range names.FindAllStringSubmatch(string(text), -1) {
				if want.MatchString(m[1]) {
					return nil
				}
			}
		}
	}
	return fmt.Errorf("go test: no function in %v that -%s %s matches", packages, kind, pattern)
}

// TestEveryCommandExists checks every command line in the documents: the
// program, its command, its flags; make's targets; the tests that go test names.
func TestEveryCommandExists(t *testing.T) {
	tr, dir, seen := commandTree(t), root(t), 0
	look := func(place, script string) {
		for _, words := range simple(script) {
			seen++
			if err := tr.check(dir, words); err != nil {
				t.Errorf("%s: %s: %v", place, strings.Join(words, " "), err)
			}
		}
	}
	for _, doc := range documents(t) {
		blocks, texts := read(t, doc)
		for _, b := range blocks {
			switch b.language {
			case "sh", "cron":
				look(b.place(), b.text)
			case "", "text": // synopses, and the examples of a command's help
				for _, m := range regexp.MustCompile(`(?m)^  drover .*$`).FindAllString(b.text, -1) {
					look(b.place(), m)
				}
			}
			if b.key == "run by" {
				look(b.place(), b.say)
			}
		}
		for _, one := range texts {
			look(one.place, quotedRun(one.text))
		}
	}
	if seen < 300 {
		t.Errorf("only %d commands seen", seen)
	}
}

// quotedRun takes the quotes off go test's patterns, so that they are checked.
func quotedRun(text string) string {
	return regexp.MustCompile(`(-(?:run|bench|fuzz)) '([^'|/ ]*)[^']*'`).ReplaceAllString(text, "$1 $2")
}

func TestWrongCommandsAreSeen(t *testing.T) {
	tr, dir := commandTree(t), root(t)
	for _, bad := range []string{"drover upp", "drover up --sped 60x", "drover plan shw X", "ingest --broker x", "drover-planner --dry", "make nothing", "x=1 drover get --colour",
		"go run ./cmd/nothing", "go test -run NoSuchTest ./internal/saga", "true && drover get nodes --wat", "drover docs man DIR --x", "go run ./cmd/drover ap"} {
		found := false
		for _, words := range simple(bad) {
			found = found || tr.check(dir, words) != nil
		}
		if !found {
			t.Errorf("%q is taken for right", bad)
		}
	}
	for _, good := range []string{"drover up --speed=60x -h", "drover get servers --at 2h -o json", "curl --data x", "drover forecast --input in.csv # --wrong",
		"drover whatif --load 'web --x'", "make move-redis RUNS=1", "drover approve PLAN -m \"--x\"", "drover deadletter list --brokers x"} {
		for _, words := range simple(good) {
			if err := tr.check(dir, words); err != nil {
				t.Errorf("%q: %v", good, err)
			}
		}
	}
}
