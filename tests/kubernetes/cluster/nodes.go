package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// zones are those that the nodes stand in, in turn.
var zones = []string{"zone-a", "zone-b", "zone-c"}

// NodeName returns the name of the i-th node.
func NodeName(i int) string { return "node-" + strconv.Itoa(i) }

// MakeNodes registers ready nodes, as kubelets do.
func MakeNodes(ctx context.Context, client kubernetes.Interface, n int) error {
	for i := range n {
		if _, err := client.CoreV1().Nodes().Create(ctx, node(i), metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
	}
	return nil
}

func node(i int) *corev1.Node {
	room := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("8"), corev1.ResourceMemory: resource.MustParse("32Gi"),
		corev1.ResourcePods: resource.MustParse("110"), corev1.ResourceEphemeralStorage: resource.MustParse("100Gi"),
	}
	name := NodeName(i)
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			corev1.LabelHostname: name, corev1.LabelTopologyZone: zones[i%len(zones)], corev1.LabelInstanceTypeStable: "test.large",
		}},
		Status: corev1.NodeStatus{
			Capacity: room, Allocatable: room, Conditions: []corev1.NodeCondition{nodeReady(corev1.ConditionTrue)},
			Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("10.200.%d.%d", i/250, i%250+1)}},
		},
	}
}

func nodeReady(status corev1.ConditionStatus) corev1.NodeCondition {
	now := metav1.NewTime(time.Now())
	return corev1.NodeCondition{Type: corev1.NodeReady, Status: status, Reason: "Stub", LastHeartbeatTime: now, LastTransitionTime: now}
}

// SayNodeReady writes a node's Ready condition, as its kubelet or the node
// controller does.
func SayNodeReady(ctx context.Context, client kubernetes.Interface, name string, status corev1.ConditionStatus) error {
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": []corev1.NodeCondition{nodeReady(status)}}})
	if err != nil {
		return err
	}
	_, err = client.CoreV1().Nodes().Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("node %s: %w", name, err)
	}
	return nil
}
