// Package kubernetes discovers a fleet from a Kubernetes cluster: nodes become
// servers, Deployments and StatefulSets applications, Services and annotations
// dependencies, announced and tainted maintenance windows, and the metrics API's
// readings metrics. It watches by informers and puts ordinary events into the
// feed; nothing behind the feed knows Kubernetes.
//
// Each look at the caches (State) is turned into a picture of the whole fleet by
// a pure function (Read), and what differs from the picture before is published.
// Which replica of a Deployment is which pod is kept in Indexes between looks.
package kubernetes
