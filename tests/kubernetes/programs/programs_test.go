package programs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestModulesRequireWhatTheirsDoes(t *testing.T) {
	scheduler := target{"k8s.io/kubernetes", Kubernetes, "k8s.io/kubernetes/cmd/kube-scheduler", "kube-scheduler"}
	text, err := scheduler.goMod([]byte("module k8s.io/kubernetes\ngo 1.26.0\nrequire (\n\tk8s.io/api v0.0.0\n\tk8s.io/utils v0.1.2\n)\nreplace k8s.io/api => ./staging/src/k8s.io/api\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := "module build\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes " + Kubernetes + "\nreplace k8s.io/api => k8s.io/api " + Staging +
		"\nrequire k8s.io/api " + Staging + "\nrequire k8s.io/utils v0.1.2\n"
	if string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if _, err := scheduler.goMod([]byte("nonsense (")); err == nil {
		t.Error("nonsense is taken for a go.mod")
	}
}

func TestFindNamesWhatIsMissing(t *testing.T) {
	cache := t.TempDir()
	t.Setenv(FolderVariable, cache)
	if _, err := Find(); !errors.Is(err, ErrNotBuilt) || !strings.Contains(err.Error(), "etcd") {
		t.Errorf("an empty cache: %v", err)
	}
	folder, err := Folder()
	if err != nil || !strings.HasPrefix(folder, cache) {
		t.Fatalf("folder %s, %v", folder, err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, target := range targets {
		if err := os.WriteFile(filepath.Join(folder, target.name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Find()
	if err != nil || p.APIServer != filepath.Join(folder, "kube-apiserver") {
		t.Errorf("%+v, %v", p, err)
	}
	// What is there isn't built again.
	if again, err := Build(t.Context(), os.Stderr); err != nil || again != p {
		t.Errorf("%+v, %v", again, err)
	}
}
