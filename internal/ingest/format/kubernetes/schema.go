package kubernetes

import "strings"

// quantity is an amount as text; JSON may have it as a number.
type quantity string

// UnmarshalJSON implements json.Unmarshaler.
func (q *quantity) UnmarshalJSON(b []byte) error {
	*q = quantity(strings.Trim(string(b), `"`))
	return nil
}

// object holds the fields of all kinds that are read.
type object struct {
	APIVersion string   `yaml:"apiVersion" json:"apiVersion"`
	Kind       string   `yaml:"kind" json:"kind"`
	Metadata   metadata `yaml:"metadata" json:"metadata"`
	Spec       spec     `yaml:"spec" json:"spec"`
	Items      []object `yaml:"items" json:"items"`
}

type metadata struct {
	Name      string            `yaml:"name" json:"name"`
	Namespace string            `yaml:"namespace" json:"namespace"`
	Labels    map[string]string `yaml:"labels" json:"labels"`
}

// spec holds the fields of a workload's spec and, for a Pod, of the pod itself.
type spec struct {
	Replicas *int `yaml:"replicas" json:"replicas"`
	Template struct {
		Metadata metadata `yaml:"metadata" json:"metadata"`
		Spec     pod      `yaml:"spec" json:"spec"`
	} `yaml:"template" json:"template"`
	Claims []struct {
		Spec struct {
			Resources resources `yaml:"resources" json:"resources"`
		} `yaml:"spec" json:"spec"`
	} `yaml:"volumeClaimTemplates" json:"volumeClaimTemplates"`
	pod `yaml:",inline"`
	// Selector is a map of labels for a Service and more for a workload.
	Selector any `yaml:"selector" json:"selector"`
}

type pod struct {
	Containers   []container       `yaml:"containers" json:"containers"`
	NodeName     string            `yaml:"nodeName" json:"nodeName"`
	NodeSelector map[string]string `yaml:"nodeSelector" json:"nodeSelector"`
	Volumes      []struct {
		Claim *struct{} `yaml:"persistentVolumeClaim" json:"persistentVolumeClaim"`
	} `yaml:"volumes" json:"volumes"`
	Affinity struct {
		Anti struct {
			Required []affinityTerm `yaml:"requiredDuringSchedulingIgnoredDuringExecution" json:"requiredDuringSchedulingIgnoredDuringExecution"`
		} `yaml:"podAntiAffinity" json:"podAntiAffinity"`
	} `yaml:"affinity" json:"affinity"`
	Spread []struct {
		Key  string `yaml:"topologyKey" json:"topologyKey"`
		When string `yaml:"whenUnsatisfiable" json:"whenUnsatisfiable"`
	} `yaml:"topologySpreadConstraints" json:"topologySpreadConstraints"`
}

type affinityTerm struct {
	Key      string `yaml:"topologyKey" json:"topologyKey"`
	Selector struct {
		Labels map[string]string `yaml:"matchLabels" json:"matchLabels"`
	} `yaml:"labelSelector" json:"labelSelector"`
}

type container struct {
	Env []struct {
		Name  string `yaml:"name" json:"name"`
		Value string `yaml:"value" json:"value"`
	} `yaml:"env" json:"env"`
	Args      []string  `yaml:"args" json:"args"`
	Command   []string  `yaml:"command" json:"command"`
	Resources resources `yaml:"resources" json:"resources"`
}

type resources struct {
	Requests map[string]quantity `yaml:"requests" json:"requests"`
	Limits   map[string]quantity `yaml:"limits" json:"limits"`
}
