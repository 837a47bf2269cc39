package kubernetes

// object holds the fields of all kinds that are read.
type object struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       spec     `yaml:"spec"`
	Items      []object `yaml:"items"`
}

type metadata struct {
	Name      string            `yaml:"name"`
	Namespace string            `yaml:"namespace"`
	Labels    map[string]string `yaml:"labels"`
}

// spec holds the fields of a workload's spec and, for a Pod, of the pod itself.
type spec struct {
	Replicas *int `yaml:"replicas"`
	Template struct {
		Metadata metadata `yaml:"metadata"`
		Spec     pod      `yaml:"spec"`
	} `yaml:"template"`
	Claims []struct {
		Spec struct {
			Resources resources `yaml:"resources"`
		} `yaml:"spec"`
	} `yaml:"volumeClaimTemplates"`
	pod `yaml:",inline"`
	// Selector is a map of labels for a Service and more for a workload.
	Selector any `yaml:"selector"`
}

type pod struct {
	Containers   []container       `yaml:"containers"`
	NodeName     string            `yaml:"nodeName"`
	NodeSelector map[string]string `yaml:"nodeSelector"`
	Volumes      []struct {
		Claim *struct{} `yaml:"persistentVolumeClaim"`
	} `yaml:"volumes"`
	Affinity struct {
		Anti struct {
			Required []affinityTerm `yaml:"requiredDuringSchedulingIgnoredDuringExecution"`
		} `yaml:"podAntiAffinity"`
	} `yaml:"affinity"`
	Spread []struct {
		Key  string `yaml:"topologyKey"`
		When string `yaml:"whenUnsatisfiable"`
	} `yaml:"topologySpreadConstraints"`
}

type affinityTerm struct {
	Key      string `yaml:"topologyKey"`
	Selector struct {
		Labels map[string]string `yaml:"matchLabels"`
	} `yaml:"labelSelector"`
}

type container struct {
	Env []struct {
		Name  string `yaml:"name"`
		Value string `yaml:"value"`
	} `yaml:"env"`
	Args      []string  `yaml:"args"`
	Command   []string  `yaml:"command"`
	Resources resources `yaml:"resources"`
}

type resources struct {
	Requests map[string]string `yaml:"requests"`
	Limits   map[string]string `yaml:"limits"`
}
