package model

import "fmt"

// Resource is something a server has and a replica uses.
type Resource uint8

// The resources, in the order of every Vector.
const (
	CPU      Resource = iota // millicores
	Memory                   // bytes
	Receive                  // bytes per second
	Transmit                 // bytes per second
	Disk                     // bytes
	// ResourceCount is the number of resources and the length of a Vector.
	ResourceCount
)

// Resources lists all resources in order.
func Resources() [ResourceCount]Resource {
	return [ResourceCount]Resource{CPU, Memory, Receive, Transmit, Disk}
}

// String returns the resource's name on the wire and in tables.
func (r Resource) String() string {
	switch r {
	case CPU:
		return "cpu"
	case Memory:
		return "memory"
	case Receive:
		return "receive"
	case Transmit:
		return "transmit"
	case Disk:
		return "disk"
	}
	return fmt.Sprintf("resource(%d)", uint8(r))
}

// Unit returns the unit that values of the resource are in.
func (r Resource) Unit() string {
	switch r {
	case CPU:
		return "millicores"
	case Memory, Disk:
		return "bytes"
	case Receive, Transmit:
		return "bytes/s"
	}
	return ""
}

// ParseResource returns the resource of a name as String writes it.
func ParseResource(name string) (Resource, error) {
	for _, r := range Resources() {
		if r.String() == name {
			return r, nil
		}
	}
	return 0, fmt.Errorf("resource %q: want cpu, memory, receive, transmit or disk", name)
}

// Vector is an amount of every resource, each in its own unit.
type Vector [ResourceCount]int64

// Add returns v + w.
func (v Vector) Add(w Vector) Vector {
	for r := range v {
		v[r] += w[r]
	}
	return v
}

// Sub returns v - w.
func (v Vector) Sub(w Vector) Vector {
	for r := range v {
		v[r] -= w[r]
	}
	return v
}

// Fits tells whether v is at most capacity in every resource.
func (v Vector) Fits(capacity Vector) bool {
	for r := range v {
		if v[r] > capacity[r] {
			return false
		}
	}
	return true
}
