package maintenance

import (
	"errors"
	"fmt"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/model"
)

// usualAzure is how long each kind of work usually takes where no duration is
// given. Machines that are taken away are gone for good: a day is enough to
// move what ran on them.
var usualAzure = map[string]time.Duration{
	"Freeze": time.Minute, "Reboot": 10 * time.Minute, "Redeploy": 15 * time.Minute,
	"Preempt": 24 * time.Hour, "Terminate": 24 * time.Hour,
}

// azureEvent is one scheduled event.
type azureEvent struct {
	ID          string   `json:"EventId"`
	Type        string   `json:"EventType"`
	Status      string   `json:"EventStatus"`
	Resources   []string `json:"Resources"`
	NotBefore   string   `json:"NotBefore"`
	Description string   `json:"Description"`
	Seconds     *int64   `json:"DurationInSeconds"`
}

// ParseAzure reads scheduled events of Azure; each event is a record and a
// model.Maintenance for each machine.
func ParseAzure(data []byte, opt format.Options, out *format.Out) {
	jsonscan.Records(data, out, func(record []byte, line int) {
		var d struct {
			Events *[]azureEvent `json:"Events"`
		}
		err := jsonscan.Unmarshal(record, &d)
		if err == nil && d.Events == nil {
			err = errors.New("no \"Events\": this is no document of scheduled events")
		}
		if err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
			return
		}
		for i := range *d.Events {
			if err := (*d.Events)[i].read(opt, out); err != nil {
				out.Reject(fmt.Errorf("line %d: Events[%d]: %w", line, i, err))
			}
		}
	})
}

// mostResources is more machines than a scale set has.
const mostResources = 10_000

func (e *azureEvent) read(opt format.Options, out *format.Out) error {
	if e.ID == "" {
		return errors.New("EventId is missing")
	}
	if e.Type == "" {
		return errors.New("EventType is missing")
	}
	duration, known := usualAzure[e.Type]
	if !known {
		duration = usualAzure["Redeploy"]
	}
	if e.Seconds != nil && *e.Seconds > 0 && *e.Seconds < 1e9 {
		duration = time.Duration(*e.Seconds) * time.Second
	}
	start := opt.At
	// An event that has started has no time any more.
	if e.NotBefore != "" {
		var err error
		if start, err = parseTime(e.NotBefore); err != nil {
			return fmt.Errorf("NotBefore: %w", err)
		}
	} else if e.Status != "Started" && e.Status != "Completed" && e.Status != "Canceled" {
		return errors.New("NotBefore is empty")
	}
	reason := e.Type
	if e.Description != "" {
		reason += ": " + e.Description
	}
	resources := e.Resources
	if len(resources) > mostResources {
		return fmt.Errorf("Resources: %d machines, an event may name %d", len(resources), mostResources)
	}
	if len(resources) == 0 {
		resources = []string{string(opt.Server)}
	}
	out.Read()
	for _, machine := range resources {
		id := e.ID
		if len(resources) > 1 {
			id += "/" + machine
		}
		out.Emit(model.Maintenance{Fleet: opt.Fleet, ID: id, Server: model.ServerID(machine), At: opt.At, Start: start, End: start.Add(duration),
			Duration: duration, Reason: reason, Cancelled: ended(e.Status)})
	}
	return nil
}
