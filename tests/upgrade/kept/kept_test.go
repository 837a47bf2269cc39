package kept

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"drover/internal/store"
)

func TestWhatIsPackedIsUnpacked(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := os.MkdirAll(filepath.Join(from, "a/b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, "a/b/c"), []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Pack(from, filepath.Join(dir, Disk)); err != nil {
		t.Fatal(err)
	}
	if err := Unpack(filepath.Join(dir, Disk), to); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(to, "a/b/c")); err != nil || string(got) != "text" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestStatesComeBack(t *testing.T) {
	redis, err := store.StartEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	defer redis.Close()
	s, err := Open(redis.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := bytes.Repeat([]byte{0, 1, 255}, 1000)
	if err := s.Claim(t.Context(), "planner", 2, 5, false); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context(), "planner", 2, 5, want); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), State)
	if err := Save(t.Context(), s, path); err != nil {
		t.Fatal(err)
	}
	if err := s.Drop(t.Context(), "planner", 2); err != nil {
		t.Fatal(err)
	}
	if n, err := Load(t.Context(), s, path); err != nil || n != 1 {
		t.Fatalf("%d states, %v", n, err)
	}
	if got, found, err := s.Load(t.Context(), "planner", 2); err != nil || !found || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v, %v", len(got), found, err)
	}
}
