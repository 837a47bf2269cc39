// Package protocol is the JSON in which drivers written in any language are
// asked: one request object, one response object, over a program's standard
// input and output (internal/actuator/exec) or HTTP (internal/actuator/webhook).
// docs/executor.md documents it for those who write drivers.
package protocol

import (
	"errors"
	"fmt"

	"drover/internal/actuator"
	"drover/internal/model"
)

// Version is the protocol's; a driver refuses others.
const Version = 1

// Method says what is asked.
type Method string

// The methods.
const (
	Capabilities Method = "capabilities"
	Perform      Method = "perform"
	Status       Method = "status"
	Probe        Method = "probe"
)

// Request is one question.
type Request struct {
	Version int      `json:"version"`
	Method  Method   `json:"method"`
	Command *Command `json:"command,omitempty"` // not for capabilities
}

// Command is a step and what it is about. Times are RFC 3339, UTC.
type Command struct {
	Key          string         `json:"key"` // idempotency key
	Fleet        string         `json:"fleet"`
	Plan         string         `json:"plan"`
	Move         int            `json:"move"` // -1: a server's update
	Step         model.StepKind `json:"step"`
	Sequence     int            `json:"sequence"` // among the move's commands
	Epoch        int64          `json:"epoch"`    // of the owner
	Attempt      int            `json:"attempt"`
	Compensation bool           `json:"compensation"`
	At           model.Instant  `json:"at"`
	Deadline     model.Instant  `json:"deadline"`
	Replica      string         `json:"replica,omitempty"`
	Application  string         `json:"application,omitempty"`
	From         string         `json:"from,omitempty"`
	To           string         `json:"to,omitempty"`
	DataBytes    int64          `json:"data_bytes,omitempty"`
	Bandwidth    int64          `json:"bandwidth_bytes_per_second,omitempty"`
	CPUMilli     int64          `json:"cpu_milli,omitempty"`
	MemoryBytes  int64          `json:"memory_bytes,omitempty"`
	Driver       string         `json:"driver,omitempty"`
	UpdateServer string         `json:"update_server,omitempty"`
	UpdateHook   string         `json:"update_hook,omitempty"`
}

// Response is the answer. OK is false where the command has failed; Stale where
// it was refused because a newer one has been taken.
type Response struct {
	Version      int                    `json:"version"`
	OK           bool                   `json:"ok"`
	Stale        bool                   `json:"stale,omitempty"`
	Error        string                 `json:"error,omitempty"`
	Status       *actuator.Status       `json:"status,omitempty"`
	Capabilities *actuator.Capabilities `json:"capabilities,omitempty"`
	Reading      *Reading               `json:"reading,omitempty"`
}

// Reading is a look at a replica's health.
type Reading struct {
	Requests       int64 `json:"requests"`
	Errors         int64 `json:"errors"`
	ResponseMicros int64 `json:"response_micros"`
	SaturationPPM  int64 `json:"saturation_ppm"` // negative: unknown
}

// NewRequest returns a request about a command.
func NewRequest(method Method, c *actuator.Command) Request {
	r := Request{Version: Version, Method: method}
	if c == nil {
		return r
	}
	s, m := &c.Step, &c.Move
	r.Command = &Command{
		Key: string(s.ID), Fleet: string(s.Fleet), Plan: string(s.Plan), Move: s.MoveIndex, Step: s.Kind, Sequence: s.Sequence(),
		Epoch: s.Epoch, Attempt: s.Attempt, Compensation: s.Compensation, At: s.At, Deadline: s.Deadline,
		Replica: string(m.Replica), Application: string(m.Application), From: string(m.From), To: string(m.To),
		DataBytes: m.DataBytes, Bandwidth: m.BandwidthBytesPerSecond,
		CPUMilli: m.Demand[model.CPU], MemoryBytes: m.Demand[model.Memory], Driver: m.Driver,
		UpdateServer: string(c.UpdateServer), UpdateHook: c.UpdateHook,
	}
	return r
}

// Decode returns the command of a request, checked.
func (r *Request) Decode() (actuator.Command, error) {
	if r.Version != Version {
		return actuator.Command{}, fmt.Errorf("version %d: this driver speaks version %d", r.Version, Version)
	}
	if r.Command == nil {
		return actuator.Command{}, fmt.Errorf("method %q needs a command", r.Method)
	}
	c := r.Command
	plan, move, _, sequence, kind, err := model.StepID(c.Key).Parse()
	if err != nil {
		return actuator.Command{}, err
	}
	if string(plan) != c.Plan || move != c.Move || sequence != c.Sequence || kind != c.Step {
		return actuator.Command{}, fmt.Errorf("key %q isn't of step %q, sequence %d of move %d of plan %q", c.Key, c.Step, c.Sequence, c.Move, c.Plan)
	}
	command := actuator.Command{
		Step: model.Step{
			Fleet: model.FleetID(c.Fleet), ID: model.StepID(c.Key), Plan: plan, MoveIndex: move, Kind: kind, Phase: model.PhaseIntent,
			Compensation: c.Compensation, Attempt: c.Attempt, At: c.At, Deadline: c.Deadline, Epoch: c.Epoch,
		},
		Move: model.Move{
			Index: move, Replica: model.ReplicaID(c.Replica), Application: model.ApplicationID(c.Application),
			From: model.ServerID(c.From), To: model.ServerID(c.To), DataBytes: c.DataBytes,
			BandwidthBytesPerSecond: c.Bandwidth, Driver: c.Driver,
		},
		UpdateServer: model.ServerID(c.UpdateServer), UpdateHook: c.UpdateHook,
	}
	command.Move.Demand[model.CPU], command.Move.Demand[model.Memory] = c.CPUMilli, c.MemoryBytes
	return command, nil
}

// Err returns the failure that a response tells of, or nil.
func (r *Response) Err() error {
	switch {
	case r.Version != Version:
		return fmt.Errorf("the driver answers in version %d, not %d", r.Version, Version)
	case r.Stale:
		return fmt.Errorf("%w: %s", actuator.ErrStale, r.Error)
	case !r.OK && r.Error == "":
		return errors.New("failed without saying why")
	case !r.OK:
		return errors.New(r.Error)
	}
	return nil
}
