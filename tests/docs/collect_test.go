package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"drover/tests/module"
)

// block is one fenced block of a document.
type block struct {
	doc      string // path from the project's folder
	line     int    // of the fence
	language string
	key, say string // of the mark above it: "run by" or "runs until", and what it names
	text     string
}

func (b *block) place() string { return fmt.Sprintf("%s:%d", b.doc, b.line) }

// inline is one text between backquotes.
type inline struct {
	place, text string
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := module.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// documents returns the paths of all documents, README first.
func documents(t *testing.T) []string {
	t.Helper()
	out := []string{"README.md"}
	err := filepath.WalkDir(filepath.Join(root(t), "docs"), func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			rel, _ := filepath.Rel(root(t), path)
			out = append(out, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var (
	markLine   = regexp.MustCompile(`^<!-- (run by|runs until): (.*) -->$`)
	command    = regexp.MustCompile(`^(drover|ingest|forecaster|planner|executor|curl) [-./a-z]`)
	backquoted = regexp.MustCompile("`([^`]+)`")
)

// collect takes a document apart.
func collect(doc, text string) (blocks []*block, texts []inline, err error) {
	var open *block
	var mark []string
	var body strings.Builder
	for i, line := range strings.Split(text, "\n") {
		language, fence := strings.CutPrefix(line, "```")
		switch {
		case open != nil && fence:
			open.text = body.String()
			blocks, open = append(blocks, open), nil
		case open != nil && open.language == "" && command.MatchString(line):
			return nil, nil, fmt.Errorf("%s:%d: commands stand in blocks of ```sh, so that they are run", doc, i+1)
		case open != nil:
			body.WriteString(line + "\n")
		case fence:
			open = &block{doc: doc, line: i + 1, language: language}
			if mark != nil {
				open.key, open.say = mark[1], mark[2]
			}
			body.Reset()
		case mark != nil:
			return nil, nil, fmt.Errorf("%s:%d: a mark that no block follows", doc, i)
		case command.MatchString(strings.TrimPrefix(line, "    ")) && strings.HasPrefix(line, "    "):
			return nil, nil, fmt.Errorf("%s:%d: commands stand in blocks of ```sh, so that they are run", doc, i+1)
		case strings.HasPrefix(line, "    go ") || strings.HasPrefix(line, "    make "): // what runs tests is none to be tested
			texts = append(texts, inline{fmt.Sprintf("%s:%d", doc, i+1), line[4:]})
		default:
			for _, m := range backquoted.FindAllStringSubmatch(line, -1) {
				texts = append(texts, inline{fmt.Sprintf("%s:%d", doc, i+1), strings.ReplaceAll(m[1], `\|`, "|")})
			}
		}
		if mark = nil; open == nil {
			mark = markLine.FindStringSubmatch(line)
		}
	}
	if open != nil {
		return nil, nil, fmt.Errorf("%s: a block has no end", open.place())
	}
	return blocks, texts, nil
}

func read(t *testing.T, doc string) (blocks []*block, texts []inline) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), doc))
	if err != nil {
		t.Fatal(err)
	}
	if blocks, texts, err = collect(doc, string(text)); err != nil {
		t.Fatal(err)
	}
	return blocks, texts
}

func TestADocumentIsTakenApart(t *testing.T) {
	blocks, texts, err := collect(
		"d.md",
		"Run `drover up`, `a` \\| b\n<!-- runs until: page at -->\n```sh\ndrover up\n```\n```yaml\nx: 1\n```\n",
	)
	if err != nil || len(blocks) != 2 || len(texts) != 2 || texts[0] != (inline{"d.md:1", "drover up"}) {
		t.Fatalf("%v %v %v", blocks, texts, err)
	}
	want := block{doc: "d.md", line: 3, language: "sh", key: "runs until", say: "page at", text: "drover up\n"}
	if *blocks[0] != want || blocks[1].key != "" || blocks[1].text != "x: 1\n" {
		t.Errorf("blocks %+v, %+v", *blocks[0], *blocks[1])
	}
	for _, bad := range []string{"```sh\nx\n", "<!-- run by: x -->\n\n```sh\n```\n", "    drover up\n", "```\ndrover up\n```\n"} {
		if _, _, err := collect("d.md", bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
