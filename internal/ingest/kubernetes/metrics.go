package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"

	"drover/internal/model"
)

// metricsPath is where metrics-server (or an adapter) answers.
const metricsPath = "/apis/metrics.k8s.io/v1beta1/"

// usageList is what the metrics API says of nodes or pods.
type usageList struct {
	Items []struct {
		Metadata   struct{ Name, Namespace string } `json:"metadata"`
		Timestamp  time.Time                        `json:"timestamp"`
		Usage      corev1.ResourceList              `json:"usage"`
		Containers []struct {
			Usage corev1.ResourceList `json:"usage"`
		} `json:"containers"`
	} `json:"items"`
}

// measure reads the metrics API every so often. Where there is none, that is
// told once: Prometheus and OTLP bring metrics through the doors.
func (s *Source) measure(ctx context.Context) {
	ticker := time.NewTicker(s.MetricsEvery)
	defer ticker.Stop()
	silent := false
	for {
		events, err := s.usage(ctx)
		if err == nil && len(events) > 0 {
			err = s.Publish(ctx, events)
		}
		if err != nil && !silent && ctx.Err() == nil {
			s.Log.Warn("discovery: no metrics from the metrics API", "error", err)
		}
		silent = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// usage reads the metrics of nodes and pods.
func (s *Source) usage(ctx context.Context) ([]any, error) {
	nodes, err := s.read(ctx, "nodes")
	if err != nil {
		return nil, err
	}
	pods, err := s.read(ctx, "pods")
	if err != nil {
		return nil, err
	}
	s.measured.Lock()
	replicas := maps.Clone(s.names)
	s.measured.Unlock()
	var events []any
	for _, i := range nodes.Items {
		events = append(events, s.metric(model.ServerEntity(model.ServerID(i.Metadata.Name)), i.Timestamp, amounts(i.Usage)))
	}
	for _, i := range pods.Items {
		replica, ok := replicas[i.Metadata.Namespace+"/"+i.Metadata.Name]
		if !ok {
			continue
		}
		var sum model.Vector
		for _, c := range i.Containers {
			sum = sum.Add(amounts(c.Usage))
		}
		events = append(events, s.metric(model.ReplicaEntity(replica), i.Timestamp, sum))
	}
	return events, nil
}

func (s *Source) read(ctx context.Context, kind string) (usageList, error) {
	var list usageList
	text, err := s.Client.Discovery().RESTClient().Get().AbsPath(metricsPath + kind).DoRaw(ctx)
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		return list, fmt.Errorf("metrics of %s: %w", kind, err)
	}
	return list, nil
}

func (s *Source) metric(entity model.EntityID, at time.Time, v model.Vector) model.Metric {
	return model.Metric{Fleet: s.Fleet, Entity: entity, At: model.InstantOf(at), Producer: s.Producer, Samples: []model.Sample{
		{Resource: model.CPU, Kind: model.Gauge, Value: float64(v[model.CPU])},
		{Resource: model.Memory, Kind: model.Gauge, Value: float64(v[model.Memory])},
	}}
}
