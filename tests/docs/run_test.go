package docs

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/tests/leaveout"
)

// fileName is the first line of a block that is a file.
var fileName = regexp.MustCompile(`^# ([-\w]+\.(?:yaml|yml|json|csv))\b`)

// TestEveryBlockRuns runs the shell commands of every document, from its first
// block to its last.
func TestEveryBlockRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: -short")
	}
	var missing []string
	for _, name := range []string{"bash", "curl", "openssl", "prometheus", "redis-cli"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	leaveout.Missing(t, missing...)
	s := newSandbox(t)
	ran := 0
	for _, doc := range documents(t) {
		blocks, _ := read(t, doc)
		var run []*block
		for _, b := range blocks {
			if b.language == "sh" && b.key != "run by" {
				run = append(run, b)
			}
		}
		if len(run) == 0 {
			continue
		}
		ran += len(run)
		t.Run(strings.ReplaceAll(doc, "/", "_"), func(t *testing.T) { s.run(t, doc, blocks, run) })
	}
	if ran < 20 {
		t.Errorf("only %d blocks were run", ran)
	}
}

func (s *sandbox) run(t *testing.T, doc string, all, run []*block) {
	dir := t.TempDir()
	for name, sample := range samples {
		text, err := os.ReadFile(file(t, sample))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, name, text)
	}
	s.material(t, dir)
	for _, b := range run {
		if strings.Contains(b.text, "PLAN") { // it decides on a plan: that must be there yet
			own := *s
			own.page = s.up(t)
			s = &own
			s.waitFor(t, dir, filepath.Join(s.standIns, "the-plan"))
			break
		}
	}
	for _, b := range all {
		if m := fileName.FindStringSubmatch(b.text); m != nil && b.language != "sh" {
			text := s.translate(doc, b.text)
			if b.language == "csv" { // has no comments
				_, text, _ = strings.Cut(text, "\n")
			}
			write(t, dir, m[1], []byte(text))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", s.script(doc, run))
	cmd.Dir, cmd.Env = dir, append(s.environment(), "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	} else {
		t.Logf("%s", out)
	}
}

func write(t *testing.T, dir, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestEveryMarkIsTrue looks at what marks name as the one that runs a block: it
// names a make target or a test, and the folder of that test speaks of the
// document or of the block's first command.
func TestEveryMarkIsTrue(t *testing.T) {
	package_ := regexp.MustCompile(`\./(\S+)`)
	for _, doc := range documents(t) {
		blocks, _ := read(t, doc)
		for _, b := range blocks {
			switch {
			case b.key == "":
			case b.language != "sh":
				t.Errorf("%s: only blocks of sh are run, this is %q", b.place(), b.language)
			case b.key == "run by" && !speaksOf(t, package_.FindStringSubmatch(b.say), doc, b):
				t.Errorf("%s: %s speaks neither of %s nor of the block's commands", b.place(), b.say,
					filepath.Base(doc))
			}
		}
	}
}

func speaksOf(t *testing.T, folder []string, doc string, b *block) bool {
	t.Helper()
	var texts strings.Builder
	if folder == nil {
		folder = []string{"", "."}
	}
	pattern := filepath.Join(root(t), folder[1], "*.go")
	if folder[1] == "." { // a target of make, or what CI itself runs
		pattern = filepath.Join(root(t), "[M.]*", "run")
		text, err := os.ReadFile(filepath.Join(root(t), "Makefile"))
		if err != nil {
			t.Fatal(err)
		}
		texts.Write(text)
	}
	files, _ := filepath.Glob(pattern)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts.Write(text)
	}
	if strings.Contains(texts.String(), filepath.Base(doc)) {
		return true
	}
	// A test that runs another document runs the commands that both have.
	for _, other := range regexp.MustCompile(`"([a-z]+\.md)"`).FindAllStringSubmatch(texts.String(), -1) {
		text, err := os.ReadFile(filepath.Join(root(t), "docs", other[1]))
		if err != nil {
			continue
		}
		texts.Write(text)
	}
	for _, words := range simple(b.text) {
		words = words[:min(3, len(words))]
		// As it stands, or as a test gives arguments: the last word in quotes.
		if said := texts.String(); !strings.Contains(said, strings.Join(words, " ")) &&
			!strings.Contains(said, `"`+words[len(words)-1]) {
			return false
		}
	}
	return true
}
