package site

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"drover/internal/actuator"
	driver "drover/internal/actuator/kubernetes"
	"drover/internal/kubernetes"
	"drover/internal/model"
	"drover/tests/kubernetes/cluster"
	"drover/tests/kubernetes/programs"
	"drover/tests/move"
)

// The application of a scene: one replica of a Deployment.
const (
	sceneNamespace = "shop"
	sceneApp       = "web-0"
)

// Scene is a cluster of two nodes, a and b, with a Deployment of one replica that
// is moved between them. Kubelets are played: a client counts as served where the
// Service has a ready endpoint.
type Scene struct {
	*Site
	config driver.Config // with the executor's rights alone
	epochs move.Epochs
}

// World is the table's world of the kubernetes driver.
func World() *move.World {
	return &move.World{
		Driver: "kubernetes",
		Note: "A Deployment of one replica on two nodes of a real control plane; \"target killed\" crashes the pod on the target, " +
			"and a write is a look at the Service's endpoints that finds a ready one.",
		Open: func(ctx context.Context) (move.Scene, error) { return OpenScene(ctx) },
		Missing: func() []string {
			if _, err := programs.Find(); err != nil {
				return []string{err.Error()}
			}
			return nil
		},
		Deadline: 40 * time.Second, Hasty: 8 * time.Second,
	}
}

// OpenScene starts the cluster and the replica.
func OpenScene(ctx context.Context) (*Scene, error) {
	s := &Scene{}
	var err error
	if s.Site, err = Open(ctx, Options{Nodes: 2, Start: 100 * time.Millisecond, Stop: 50 * time.Millisecond}); err == nil {
		err = s.furnish(ctx)
	}
	if err != nil {
		return s, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Scene) furnish(ctx context.Context) error {
	if err := s.MakeNamespace(ctx, sceneNamespace); err != nil {
		return err
	}
	if err := s.Stateless(ctx, sceneNamespace, strings.TrimSuffix(sceneApp, "-0"), 1, 1); err != nil {
		return err
	}
	config, err := s.As(ctx, "drover-executor")
	if err != nil {
		return err
	}
	client, err := kubernetes.Client(config)
	if err != nil {
		return err
	}
	s.config = driver.Config{Client: client, Poll: 50 * time.Millisecond}
	return Eventually(ctx, "the service has an endpoint", func() (bool, error) {
		on, err := s.Serving(ctx)
		return on != "", err
	})
}

// Driver returns the driver as a newly started executor has it.
func (s *Scene) Driver(trace actuator.Tracer) actuator.Driver {
	config := s.config
	config.Trace = trace
	return &sceneDriver{driver.New(config), s}
}

// sceneDriver gives the table's commands the cluster's names.
type sceneDriver struct {
	*driver.Driver
	scene *Scene
}

func (d *sceneDriver) named(c actuator.Command) actuator.Command {
	c = d.scene.epochs.Raise(c)
	c.Move.Application = sceneNamespace + "/" + sceneApp
	c.Move.Replica = model.NewReplicaID(c.Move.Application, 0)
	c.Move.From, c.Move.To = nodeOf(c.Move.From), nodeOf(c.Move.To)
	return c
}

// Perform performs the command on the cluster.
func (d *sceneDriver) Perform(ctx context.Context, c actuator.Command) error {
	return d.Driver.Perform(ctx, d.named(c))
}

// Status asks the cluster.
func (d *sceneDriver) Status(ctx context.Context, c actuator.Command) (actuator.Status, error) {
	return d.Driver.Status(ctx, d.named(c))
}

// nodeOf returns the node of a server of the table.
func nodeOf(server model.ServerID) model.ServerID {
	return model.ServerID(cluster.NodeName(int(server[0] - 'a')))
}

func serverOn(node string) model.ServerID {
	for _, server := range []model.ServerID{"a", "b"} {
		if string(nodeOf(server)) == node {
			return server
		}
	}
	return ""
}

// KillTarget crashes the pod on the target, where there is one.
func (s *Scene) KillTarget(m model.Move) {
	ctx := context.Background()
	on, err := s.On(ctx, sceneNamespace, sceneApp)
	for pod, node := range on {
		if err == nil && serverOn(node) == m.To {
			_ = s.Kubelets.Crash(ctx, sceneNamespace, pod) // one that has gone has crashed
		}
	}
}

// endpoints returns the nodes of the Service's ready endpoints.
func (s *Scene) endpoints(ctx context.Context) ([]string, error) {
	list, err := s.Client.DiscoveryV1().EndpointSlices(sceneNamespace).List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + sceneApp})
	if err != nil {
		return nil, err
	}
	var nodes []string
	for _, slice := range list.Items {
		for _, e := range slice.Endpoints {
			if e.NodeName != nil && e.Conditions.Ready != nil && *e.Conditions.Ready {
				nodes = append(nodes, *e.NodeName)
			}
		}
	}
	return nodes, nil
}

// Serving returns the node of the Service's only ready endpoint, patiently: a
// crashed container is started again, endpoints follow a little later.
func (s *Scene) Serving(ctx context.Context) (server model.ServerID, err error) {
	wrong := Eventually(ctx, "one endpoint is ready", func() (bool, error) {
		nodes, err := s.endpoints(ctx)
		if err != nil || len(nodes) != 1 {
			return false, err
		}
		server = serverOn(nodes[0])
		return true, nil
	})
	return server, wrong
}

// Tidy waits until nothing of a move is left and the Deployment is whole.
func (s *Scene) Tidy(ctx context.Context) error {
	var left []string
	err := Eventually(ctx, "nothing is left behind", func() (bool, error) {
		var err error
		left, err = s.Orphans(ctx)
		return err == nil && len(left) == 0, err
	})
	if err != nil {
		return fmt.Errorf("%w: %v", err, left)
	}
	return s.Ready(ctx, sceneNamespace, sceneApp)
}

// Dial returns a client of the Service.
func (s *Scene) Dial(context.Context) (move.Session, error) { return endpointSession{s}, nil }

// Lost is nothing: the replica keeps nothing.
func (s *Scene) Lost(context.Context, [][]int) (int, error) { return 0, nil }

// endpointSession looks at the Service's endpoints, a write each.
type endpointSession struct{ scene *Scene }

// lookEvery spares the API server.
const lookEvery = 50 * time.Millisecond

// errUnserved says that no endpoint is ready.
var errUnserved = errors.New("no endpoint is ready")

// Write succeeds where the Service has a ready endpoint.
func (e endpointSession) Write(ctx context.Context, _, _ int) error {
	nodes, err := e.scene.endpoints(ctx)
	if err == nil && len(nodes) == 0 {
		err = errUnserved
	}
	return errors.Join(err, actuator.Pause(ctx, lookEvery))
}

// Close does nothing: there is no connection.
func (e endpointSession) Close() error { return nil }
