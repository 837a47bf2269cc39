package actuator

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"drover/internal/model"
)

// UpdateDriver is the name of the driver that updates servers.
const UpdateDriver = "update"

// Set is the drivers of a fleet by name: one driver that hands every command to
// the one its move names.
type Set struct {
	// Default performs moves that name no driver, and updates where none is called
	// UpdateDriver.
	Default string
	Drivers map[string]Driver
}

// Find returns the driver for a command.
func (s *Set) Find(c *Command) (Driver, error) {
	name := c.Move.Driver
	if _, ok := s.Drivers[UpdateDriver]; ok && c.Step.Kind == model.StepUpdate {
		name = UpdateDriver
	}
	if name == "" {
		name = s.Default
	}
	if d, ok := s.Drivers[name]; ok {
		return d, nil
	}
	names := make([]string, 0, len(s.Drivers))
	for n := range s.Drivers {
		names = append(names, n)
	}
	sort.Strings(names)
	return nil, fmt.Errorf("driver %q of replica %q isn't configured: there are %s", name, c.Move.Replica, strings.Join(names, ", "))
}

// Capabilities returns what all of the set's drivers together can do, and what
// none of them lacks.
func (s *Set) Capabilities() Capabilities {
	all := Capabilities{Name: "set", Fences: true, Remembers: true, Bandwidth: true}
	for _, kind := range append(MoveSteps(), model.StepUpdate) {
		for _, d := range s.Drivers {
			if c := d.Capabilities(); c.Performs(kind) {
				all.Steps = append(all.Steps, kind)
				break
			}
		}
	}
	for _, d := range s.Drivers {
		c := d.Capabilities()
		all.Fences, all.Remembers, all.Bandwidth = all.Fences && c.Fences, all.Remembers && c.Remembers, all.Bandwidth && c.Bandwidth
		all.Writes = all.Writes || c.Writes
	}
	return all
}

// Perform performs the command by its move's driver. A step that the driver
// doesn't have is done at once.
func (s *Set) Perform(ctx context.Context, c Command) error {
	d, err := s.Find(&c)
	if err != nil {
		return err
	}
	if capabilities := d.Capabilities(); !capabilities.Performs(c.Step.Kind) {
		return nil
	}
	return d.Perform(ctx, c)
}

// Status asks the command's driver.
func (s *Set) Status(ctx context.Context, c Command) (Status, error) {
	d, err := s.Find(&c)
	if err != nil {
		return Status{}, err
	}
	return d.Status(ctx, c)
}
