package protocol

import (
	"context"
	"errors"
	"fmt"

	"drover/internal/actuator"
)

// Answer lets a driver answer a request.
func Answer(ctx context.Context, d actuator.Driver, r *Request) Response {
	if r.Method == Capabilities {
		if r.Version != Version {
			return failure(fmt.Errorf("version %d: this driver speaks version %d", r.Version, Version))
		}
		c := d.Capabilities()
		return Response{Version: Version, OK: true, Capabilities: &c}
	}
	c, err := r.Decode()
	if err != nil {
		return failure(err)
	}
	switch r.Method {
	case Perform:
		if err := d.Perform(ctx, c); err != nil {
			return failure(err)
		}
		return Response{Version: Version, OK: true}
	case Status:
		status, err := d.Status(ctx, c)
		if err != nil {
			return failure(err)
		}
		return Response{Version: Version, OK: true, Status: &status}
	case Probe:
		p, ok := d.(actuator.Prober)
		if !ok {
			return failure(fmt.Errorf("probe: %w", actuator.ErrUnsupported))
		}
		reading, err := p.Probe(ctx, c)
		if err != nil {
			return failure(err)
		}
		return Response{Version: Version, OK: true, Reading: &Reading{
			Requests: reading.Requests, Errors: reading.Errors, ResponseMicros: reading.ResponseMicros, SaturationPPM: reading.SaturationPPM,
		}}
	}
	return failure(fmt.Errorf("method %q: want capabilities, perform, status or probe", r.Method))
}

func failure(err error) Response {
	return Response{Version: Version, Error: err.Error(), Stale: errors.Is(err, actuator.ErrStale)}
}
