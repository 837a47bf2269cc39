package kubernetes

import (
	"fmt"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// The rate of requests to the API server: enough for a hundred moves at once;
// the server's own fairness rules protect it.
const (
	requestsPerSecond = 200
	requestsAtOnce    = 400
)

// InCluster stands for the credentials that a pod is given.
const InCluster = "in-cluster"

// Connect returns a client of a cluster: by a kubeconfig file, or by what a pod
// is given where the path is InCluster. context names one of the file's; empty:
// its current one.
func Connect(kubeconfig, context string) (kubernetes.Interface, error) {
	config, err := load(kubeconfig, context)
	if err != nil {
		return nil, err
	}
	return Client(config)
}

// Client returns a client by what is known of a cluster.
func Client(config *rest.Config) (kubernetes.Interface, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = requestsPerSecond, requestsAtOnce
	config.UserAgent = "drover"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("kubernetes: %w", err)
	}
	return client, nil
}

func load(kubeconfig, context string) (*rest.Config, error) {
	if kubeconfig == InCluster {
		config, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("kubernetes: not in a cluster; name a kubeconfig file: %w", err)
		}
		return config, nil
	}
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: kubeconfig}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules,
		&clientcmd.ConfigOverrides{CurrentContext: context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("kubernetes: kubeconfig %s: %w", kubeconfig, err)
	}
	return config, nil
}
