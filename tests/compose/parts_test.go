package main

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/tests/module"
)

// packed returns a tar file; every file in it holds the same.
func packed(t *testing.T, headers []tar.Header, content string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range headers {
		text := content
		if h.Typeflag != tar.TypeReg {
			text = ""
		}
		h.Size = int64(len(text))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestWhatDiffersIsSeen changes one thing at a time.
func TestWhatDiffersIsSeen(t *testing.T) {
	at := time.Date(2026, 11, 27, 1, 2, 3, 0, time.UTC)
	list := func(content string, change func([]tar.Header) []tar.Header) map[string]string {
		files := []tar.Header{
			{Name: "drover", Typeflag: tar.TypeReg, Mode: 0o755, ModTime: at},
			{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777, ModTime: at},
			{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "drover", ModTime: at},
			{Name: "etc/hosts", Typeflag: tar.TypeReg, Mode: 0o644, ModTime: at},
		}
		out, err := listing(bytes.NewReader(packed(t, change(files), content)))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	same := func(f []tar.Header) []tar.Header { return f }
	want := list("text", same)
	if len(want) != 3 {
		t.Errorf("%v: the engine's own files are not Drover's", want)
	}
	for _, c := range []struct {
		name    string
		content string
		change  func([]tar.Header) []tar.Header
		differ  string // the names, in order
	}{
		{"nothing", "text", same, ""},
		{"content of the same size", "tExt", same, "drover"},
		{"mode", "text", func(f []tar.Header) []tar.Header { f[0].Mode = 0o775; return f }, "drover"},
		{"owner", "text", func(f []tar.Header) []tar.Header { f[1].Uid = 7; return f }, "tmp/"},
		{"time of a file", "text", func(f []tar.Header) []tar.Header { f[0].ModTime = at.Add(time.Second); return f }, "drover"},
		{"time of a folder", "text", func(f []tar.Header) []tar.Header { f[1].ModTime = at.Add(time.Second); return f }, ""},
		{"aim of a link", "text", func(f []tar.Header) []tar.Header { f[2].Linkname = "tmp"; return f }, "link"},
		{"one more", "text", func(f []tar.Header) []tar.Header { return append(f, tar.Header{Name: "sh", Typeflag: tar.TypeReg}) }, "sh"},
		{"one less", "text", func(f []tar.Header) []tar.Header { return f[1:] }, "drover"},
	} {
		for _, way := range [][]error{differences(want, list(c.content, c.change)), differences(list(c.content, c.change), want)} {
			var names []string
			for _, err := range way {
				name, _, _ := strings.Cut(err.Error(), ": ")
				names = append(names, name)
			}
			if got := strings.Join(names, " "); got != c.differ {
				t.Errorf("%s: %q differ, want %q", c.name, got, c.differ)
			}
		}
	}
	if _, err := listing(strings.NewReader("no archive, but long enough to be read as the head of one" + strings.Repeat(" ", 600))); err == nil {
		t.Error("what is no archive was read as one")
	}
}

// TestTheHeadOfTheFileIsTyped finds in compose.yaml what makes tokens, and no more.
func TestTheHeadOfTheFileIsTyped(t *testing.T) {
	root, err := module.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "deploy", "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	typed := commands(string(text))
	for _, want := range []string{"token new me", ">access.yaml", ">me.token", ">credentials.yaml", "chmod a+r"} {
		if !strings.Contains(typed, want) {
			t.Errorf("%q is not typed:\n%s", want, typed)
		}
	}
	for _, wrong := range []string{"docker compose", "docker build", "\ncd ", "services:"} {
		if strings.Contains(typed, wrong) {
			t.Errorf("%q is typed:\n%s", wrong, typed)
		}
	}
}

// TestRightsAreRead from what the kernel says of a process.
func TestRightsAreRead(t *testing.T) {
	const kernel = "Name:\tdrover\nUid:\t65534\t65534\t65534\t65534\nGid:\t65534\t65534\t65534\t65534\nCapInh:\t00\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n"
	if got, want := may(kernel), "Uid 65534, Gid 65534, CapEff 0000000000000000, NoNewPrivs 1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := may("Uid:\t0\t65534\t0\t0\n"); got != "Uid 0" {
		t.Errorf("%q of root", got)
	}
}

// TestLibrariesAreFound in what ldd says.
func TestLibrariesAreFound(t *testing.T) {
	const said = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f01)\n\tnone.so => not found\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f02)\n"
	var names []string
	for _, m := range found.FindAllStringSubmatch(said, -1) {
		names = append(names, m[1])
	}
	if want := []string{"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

// TestAStoryGoesOn where the last run in its folder ended.
func TestAStoryGoesOn(t *testing.T) {
	folder := t.TempDir()
	s, err := openStory(nil, folder)
	if err != nil || s.Told != 0 {
		t.Fatalf("a new story: %+v, %v", s, err)
	}
	s.Token, s.Moved, s.Figures["up_s"] = "secret", 2, 18.5
	if err := s.turn(); err != nil {
		t.Fatal(err)
	}
	again, err := openStory(nil, folder)
	if err != nil || again.Told != 1 || again.Token != "secret" || again.busy() != "s3" || again.Figures["up_s"] != 18.5 {
		t.Errorf("%+v, %v", again, err)
	}
	if err := os.WriteFile(again.path(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openStory(nil, folder); err == nil || !strings.Contains(err.Error(), again.path()) {
		t.Errorf("half a story: %v", err)
	}
}

// TestTheFleetSentIsOne that has its maintenance at the server that is to be empty.
func TestTheFleetSentIsOne(t *testing.T) {
	text := inventory("first", "s2")
	if strings.Count(text, "- id: s") != 3 || strings.Count(text, "maintenance:") != 1 || !strings.Contains(text, "placement: [s2, s2]") {
		t.Errorf("%s", text)
	}
	if at := strings.Index(text, "maintenance:"); at < strings.Index(text, "- id: s2") || at > strings.Index(text, "- id: s3") {
		t.Errorf("another server is maintained:\n%s", text)
	}
}
