package kubernetes_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drover/internal/kubernetes"
)

func TestApplicationsAreNamed(t *testing.T) {
	bare := metav1.ObjectMeta{Namespace: "shop", Name: "web"}
	named := metav1.ObjectMeta{Namespace: "shop", Name: "web", Annotations: map[string]string{kubernetes.Application: "front"}}
	spans := map[string]string{kubernetes.ServiceName: "web-service"}
	for want, got := range map[string]string{
		"shop/web":    string(kubernetes.ApplicationOf(&bare, nil)),
		"web-service": string(kubernetes.ApplicationOf(&bare, spans)),
		"front":       string(kubernetes.ApplicationOf(&named, spans)),
	} {
		if got != want {
			t.Errorf("named %q, want %q", got, want)
		}
	}
	for id, want := range map[string]bool{"shop/web": true, "front": false, "/web": false, "a/b/c": false, "shop/": false} {
		if _, _, ok := kubernetes.Named(kubernetes.ApplicationOf(&metav1.ObjectMeta{Annotations: map[string]string{kubernetes.Application: id}}, nil)); ok != want {
			t.Errorf("%q is of the form namespace/name: %v", id, ok)
		}
	}
}

func TestConnectSaysWhatIsMissing(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(broken, []byte("clusters: 7"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/no/such/file": "/no/such/file", broken: "kubeconfig", kubernetes.InCluster: "not in a cluster"} {
		if _, err := kubernetes.Connect(path, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
