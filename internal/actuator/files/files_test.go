package files_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/internal/actuator/files"
)

// tree writes files into a fresh folder; names that end in / are folders.
func tree(t *testing.T, contents map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range contents {
		put(t, root, name, text)
	}
	return root
}

func put(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, name)
	folder := filepath.Dir(path)
	if strings.HasSuffix(name, "/") {
		folder = path
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if folder == path {
		return
	}
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
}

func sync(t *testing.T, source, target string) files.Pass {
	t.Helper()
	p, err := files.Sync(t.Context(), source, target, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := files.Verify(t.Context(), source, target); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSyncFollowsTheSource(t *testing.T) {
	source := tree(t, map[string]string{"a": "one", "d/b": "two", "d/e/": "", "d/c": strings.Repeat("x", 600<<10)})
	if err := os.Symlink("a", filepath.Join(source, "link")); err != nil {
		t.Fatal(err)
	}
	target := tree(t, map[string]string{".drover": "", "old/file": "gone", "a/was/a/folder": "", "half.drover-part": ""})
	if p := sync(t, source, target); p.Bytes != 6+600<<10 || p.Deleted == 0 {
		t.Errorf("first pass %+v", p)
	}
	if p := sync(t, source, target); p.Files != 0 || p.Bytes != 0 {
		t.Errorf("nothing has changed, and a pass copies %+v", p)
	}
	put(t, source, "a", "three")
	if err := os.RemoveAll(filepath.Join(source, "d")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(source, "a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if p := sync(t, source, target); p.Bytes != 5 {
		t.Errorf("second pass %+v", p)
	}
}

func TestVerifyFindsWhatTimesHide(t *testing.T) {
	source := tree(t, map[string]string{"a": "one", "b": "same"})
	target := tree(t, map[string]string{".drover": ""})
	sync(t, source, target)
	info, err := os.Stat(filepath.Join(source, "a"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, source, "a", "two") // the same size, and the same time
	if err := os.Chtimes(filepath.Join(source, "a"), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	put(t, target, "more", "")
	var different *files.Difference
	if err := files.Verify(t.Context(), source, target); !errors.As(err, &different) || strings.Join(different.Names, " ") != "more a" {
		t.Errorf("got %v", err)
	}
}

func TestSyncKeepsOutOfForeignFolders(t *testing.T) {
	source, target := tree(t, map[string]string{"a": "one"}), tree(t, map[string]string{"mine": "x"})
	if _, err := files.Sync(t.Context(), source, target, 0); err == nil {
		t.Error("a folder that isn't Drover's is written into")
	}
	if _, err := os.Stat(filepath.Join(target, "mine")); err != nil {
		t.Error(err)
	}
	if _, err := files.Sync(t.Context(), filepath.Join(source, "none"), tree(t, map[string]string{".drover": ""}), 0); err == nil {
		t.Error("a source that isn't there is copied")
	}
}

func TestSyncKeepsToTheBandwidth(t *testing.T) {
	source, target := tree(t, map[string]string{"a": strings.Repeat("x", 1<<20)}), tree(t, map[string]string{".drover": ""})
	began := time.Now()
	if _, err := files.Sync(t.Context(), source, target, 4<<20); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 150*time.Millisecond { // at least, so a slow machine passes
		t.Errorf("a quarter of a second's data took %v", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	put(t, source, "b", strings.Repeat("y", 1<<20))
	if _, err := files.Sync(ctx, source, target, 1000); err == nil {
		t.Error("a copy goes on after its deadline")
	}
	if _, err := os.Stat(filepath.Join(target, "b")); err == nil {
		t.Error("half a file stands under its name")
	}
	sync(t, source, target)
}

func TestThePaceChangesUnderWay(t *testing.T) {
	source, target := t.TempDir(), t.TempDir()
	for _, folder := range []string{source, target} {
		if err := os.WriteFile(filepath.Join(folder, ".drover"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(source, "big"), make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	asked, told := 0, int64(0)
	pace := files.Pace{
		Bound: func() int64 { // slow at first, then as fast as it can
			if asked++; asked == 1 {
				return 10 << 20
			}
			return 0
		},
		Tell: func(done, total int64) {
			if told = done; total != 4<<20 {
				t.Errorf("%d of %d bytes", done, total)
			}
		},
	}
	pass, err := files.SyncAt(t.Context(), source, target, pace)
	if err != nil || pass.Bytes != 4<<20 || told != 4<<20 || asked < 2 {
		t.Errorf("%+v (%v), told %d, asked %d times", pass, err, told, asked)
	}
}
