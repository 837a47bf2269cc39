package build

import (
	"fmt"

	"drover/internal/actuator/containerd"
	"drover/internal/actuator/process"
	"drover/internal/model"
)

// containers makes what runs a host's containers. Their output goes into the
// folder of the host's supervisor.
func (d *Driver) containers(folder string, unlimited bool) (*containerd.Runtime, error) {
	return containerd.New(containerd.Config{
		Address: d.Containerd.Address, Namespace: d.Containerd.Namespace, Snapshotter: d.Containerd.Snapshotter,
		Folder: folder, Unlimited: unlimited,
	})
}

// container says how a replica's container is run on a server.
func (d *Driver) container(m model.Move, server model.ServerID) (process.Place, error) {
	place, err := d.process(m, server)
	if err != nil {
		return place, err
	}
	p := d.Places[m.Replica][server]
	if p.Image == "" {
		return place, fmt.Errorf("replica %q on server %q: image is missing", m.Replica, server)
	}
	place.Spec.Image, place.Spec.Archive = p.Image, p.Archive
	return place, nil
}
