package site

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// ReadManifests reads the objects of a YAML text of several documents.
func ReadManifests(text []byte) ([]*unstructured.Unstructured, error) {
	var list []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("manifest %d: %w", len(list), err)
		}
		if len(o.Object) > 0 {
			list = append(list, o)
		}
	}
}

// Apply applies objects by server-side apply, those without a namespace in the
// one that is given. With dry they are only validated.
func Apply(ctx context.Context, config *rest.Config, namespace string, objects []*unstructured.Unstructured, dry bool) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	known, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(known))
	options := metav1.ApplyOptions{FieldManager: "drover-test", Force: true}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	for _, o := range objects {
		gvk := o.GroupVersionKind()
		mapping, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
		if err != nil {
			return fmt.Errorf("%s %s: %w", gvk.Kind, o.GetName(), err)
		}
		var target dynamic.ResourceInterface = client.Resource(mapping.Resource)
		if mapping.Scope.Name() == "namespace" {
			if o.GetNamespace() == "" {
				o.SetNamespace(namespace)
			}
			target = client.Resource(mapping.Resource).Namespace(o.GetNamespace())
		}
		if _, err := target.Apply(ctx, o.GetName(), o, options); err != nil {
			return fmt.Errorf("%s %s: %w", gvk.Kind, o.GetName(), err)
		}
	}
	return nil
}

// ApplyFile applies the objects of a file.
func ApplyFile(ctx context.Context, config *rest.Config, namespace, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("manifests: %w", err)
	}
	objects, err := ReadManifests(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return Apply(ctx, config, namespace, objects, false)
}
