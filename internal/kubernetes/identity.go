package kubernetes

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drover/internal/model"
)

// ApplicationOf returns the application that a workload is: by its annotation,
// by the service name that its pods declare for OpenTelemetry, else
// "namespace/name".
func ApplicationOf(workload *metav1.ObjectMeta, podAnnotations map[string]string) model.ApplicationID {
	if name := workload.Annotations[Application]; name != "" {
		return model.ApplicationID(name)
	}
	if name := podAnnotations[ServiceName]; name != "" {
		return model.ApplicationID(name)
	}
	return model.ApplicationID(workload.Namespace + "/" + workload.Name)
}

// Named splits an application's identity of the form "namespace/name"; ok is
// false for one that an annotation has given.
func Named(id model.ApplicationID) (namespace, name string, ok bool) {
	namespace, name, ok = strings.Cut(string(id), "/")
	return namespace, name, ok && namespace != "" && name != "" && !strings.Contains(name, "/")
}

// Ref names an object in messages.
func Ref(kind string, o *metav1.ObjectMeta) string {
	return fmt.Sprintf("%s %s/%s", kind, o.Namespace, o.Name)
}
