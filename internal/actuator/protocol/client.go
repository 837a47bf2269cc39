package protocol

import (
	"context"
	"errors"
	"sync"

	"drover/internal/actuator"
)

// Caller carries a request to a driver and brings its response.
type Caller interface {
	Call(ctx context.Context, r Request) (Response, error)
}

// Client makes a driver of whatever a caller reaches.
type Client struct {
	caller Caller

	mu           sync.Mutex
	capabilities *actuator.Capabilities // once they have been asked for
}

// NewClient returns a driver that asks the caller's.
func NewClient(caller Caller) *Client { return &Client{caller: caller} }

// Describe asks for the driver's capabilities.
func (c *Client) Describe(ctx context.Context) (actuator.Capabilities, error) {
	response, err := c.call(ctx, NewRequest(Capabilities, nil))
	if err != nil {
		return actuator.Capabilities{}, err
	}
	if response.Capabilities == nil {
		return actuator.Capabilities{}, errors.New("the driver doesn't say its capabilities")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.capabilities = response.Capabilities
	return *response.Capabilities, nil
}

// Capabilities returns what Describe was told. Before that every step is taken
// to be performed, and nothing else to be promised.
func (c *Client) Capabilities() actuator.Capabilities {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.capabilities == nil {
		return actuator.Capabilities{Steps: actuator.MoveSteps(), Writes: true}
	}
	return *c.capabilities
}

// Perform has the command performed.
func (c *Client) Perform(ctx context.Context, command actuator.Command) error {
	_, err := c.call(ctx, NewRequest(Perform, &command))
	return err
}

// Status asks what became of a command.
func (c *Client) Status(ctx context.Context, command actuator.Command) (actuator.Status, error) {
	response, err := c.call(ctx, NewRequest(Status, &command))
	if err != nil {
		return actuator.Status{}, err
	}
	if response.Status == nil {
		return actuator.Status{}, errors.New("the driver doesn't say the status")
	}
	switch response.Status.State {
	case actuator.Unknown, actuator.Running, actuator.Done, actuator.Failed:
		return *response.Status, nil
	}
	return actuator.Status{}, errors.New("the driver says status " + string(response.Status.State) + ": want unknown, running, done or failed")
}

// Probe has the replica's health measured.
func (c *Client) Probe(ctx context.Context, command actuator.Command) (actuator.Reading, error) {
	response, err := c.call(ctx, NewRequest(Probe, &command))
	if err != nil {
		return actuator.Reading{}, err
	}
	if response.Reading == nil {
		return actuator.Reading{}, errors.New("the driver doesn't say a reading")
	}
	r := response.Reading
	return actuator.Reading{Requests: r.Requests, Errors: r.Errors, ResponseMicros: r.ResponseMicros, SaturationPPM: r.SaturationPPM}, nil
}

func (c *Client) call(ctx context.Context, r Request) (Response, error) {
	response, err := c.caller.Call(ctx, r)
	if err != nil {
		return response, err
	}
	return response, response.Err()
}
