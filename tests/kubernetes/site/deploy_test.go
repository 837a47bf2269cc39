package site_test

import (
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"drover/tests/kubernetes/site"
	"drover/tests/module"
)

// monitors makes the API server know the Prometheus operator's ServiceMonitor.
const monitors = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: servicemonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {plural: servicemonitors, singular: servicemonitor, kind: ServiceMonitor}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [selector, endpoints]
            properties:
              selector: {type: object, x-kubernetes-preserve-unknown-fields: true}
              endpoints: {type: array, items: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

// rendered returns what Kustomize makes of a folder of deploy/kubernetes.
func rendered(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	root, err := module.Root()
	must(t, err)
	kustomizer := krusty.MakeKustomizer(krusty.MakeDefaultOptions())
	resources, err := kustomizer.Run(filesys.MakeFsOnDisk(), filepath.Join(root, "deploy", "kubernetes", folder))
	must(t, err)
	text, err := resources.AsYaml()
	must(t, err)
	objects, err := site.ReadManifests(text)
	must(t, err)
	return objects
}

// TestTheManifestsAreTaken renders them and has a real API server validate them.
func TestTheManifestsAreTaken(t *testing.T) {
	objects := rendered(t, "prometheus")
	kinds := map[string]int{}
	for _, o := range objects {
		kinds[o.GetKind()]++
	}
	if kinds["Deployment"] != 6 || kinds["PodDisruptionBudget"] != 5 || kinds["NetworkPolicy"] != 6 || kinds["ServiceMonitor"] != 1 {
		t.Errorf("rendered %v", kinds)
	}
	s, _ := open(t, 1)
	definition, err := site.ReadManifests([]byte(monitors))
	must(t, err)
	must(t, site.Apply(t.Context(), s.Admin, "default", definition, false))
	var wrong error
	must(t, site.Eventually(t.Context(), "the API server takes the manifests", func() (bool, error) {
		wrong = site.Apply(t.Context(), s.Admin, site.Namespace, objects, true)
		// The definition is served a little later than it is taken.
		if wrong != nil && strings.Contains(wrong.Error(), "ServiceMonitor") {
			return false, nil
		}
		return true, wrong
	}))
	broken := objects[len(objects)-1].DeepCopy()
	broken.SetKind("Deployment")
	broken.SetAPIVersion("apps/v1")
	if site.Apply(t.Context(), s.Admin, site.Namespace, []*unstructured.Unstructured{broken}, true) == nil {
		t.Error("the API server takes nonsense")
	}
}
