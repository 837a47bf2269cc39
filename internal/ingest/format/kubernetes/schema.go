package kubernetes

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"drover/internal/ingest/format/jsonscan"
	"drover/internal/ingest/format/yamldoc"
)

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

	// fault is why a field can't be read: it refuses this object alone, not the list
	// that it stands in.
	fault error
}

// shape is an object without its methods.
type shape object

// UnmarshalYAML implements yaml.Unmarshaler.
func (o *object) UnmarshalYAML(node *yaml.Node) error {
	var s shape
	err := yamldoc.Plain(node.Decode(&s))
	*o = s.checked(err)
	return nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *object) UnmarshalJSON(b []byte) error {
	var s shape
	err := jsonscan.Unmarshal(b, &s)
	*o = s.checked(err)
	return nil
}

// checked keeps the fault of an object whose fields are read. Of other kinds,
// whose fields may have any type, only the kind matters; decoders fill in what
// they can beside a fault.
func (s *shape) checked(err error) object {
	if err == nil {
		return object(*s)
	}
	if s.Kind != "" && s.APIVersion != "" && !wanted(s.Kind) {
		return object{APIVersion: s.APIVersion, Kind: s.Kind}
	}
	return object{fault: err}
}

// inherit gives an item of a typed list (DeploymentList) the kind that only the
// list tells.
func (o *object) inherit(list, version string) {
	if kind := strings.TrimSuffix(list, "List"); o.Kind == "" && kind != "" {
		o.Kind = kind
		if o.APIVersion == "" {
			o.APIVersion = version
		}
	}
}

type metadata struct {
	Name      string            `yaml:"name" json:"name"`
	Generate  string            `yaml:"generateName" json:"generateName"`
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
