package maintenance

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/model"
)

// usualAWS is the length of a window whose end isn't given.
const usualAWS = 2 * time.Hour

// awsEvent is one scheduled event.
type awsEvent struct {
	ID          string `json:"InstanceEventId"`
	EventID     string `json:"EventId"`
	Code        string `json:"Code"`
	Description string `json:"Description"`
	State       string `json:"State"`
	NotBefore   string `json:"NotBefore"`
	NotAfter    string `json:"NotAfter"`
	Deadline    string `json:"NotBeforeDeadline"`
}

// awsDocument has the fields of all forms.
type awsDocument struct {
	awsEvent
	InstanceID string        `json:"InstanceId"`
	Events     []awsEvent    `json:"Events"`
	Statuses   []awsDocument `json:"InstanceStatuses"`
	Detail     *awsHealth    `json:"detail"`
}

// awsHealth is the detail of an AWS Health event.
type awsHealth struct {
	ARN      string `json:"eventArn"`
	Code     string `json:"eventTypeCode"`
	Category string `json:"eventTypeCategory"`
	Start    string `json:"startTime"`
	End      string `json:"endTime"`
	Status   string `json:"statusCode"`
	Entities []struct {
		Value string `json:"entityValue"`
	} `json:"affectedEntities"`
}

// ParseAWS reads notices of AWS; each scheduled event is a record and a
// model.Maintenance (a Health event one for each machine).
func ParseAWS(data []byte, opt format.Options, out *format.Out) {
	jsonscan.Records(data, out, func(record []byte, line int) {
		var d awsDocument
		if err := jsonscan.Unmarshal(record, &d); err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
			return
		}
		d.read(line, opt, out)
	})
}

func (d *awsDocument) read(line int, opt format.Options, out *format.Out) {
	one := func(e *awsEvent) {
		m, err := e.window(d.InstanceID, opt)
		if err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
			return
		}
		out.Record(m)
	}
	switch {
	case d.Statuses != nil:
		for i := range d.Statuses {
			d.Statuses[i].read(line, opt, out)
		}
	case d.Detail != nil:
		if err := d.Detail.read(opt, out); err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
		}
	case d.Events != nil:
		for i := range d.Events {
			one(&d.Events[i])
		}
	case d.Code != "":
		one(&d.awsEvent)
	case d.InstanceID != "":
		// A machine without scheduled events.
	default:
		out.Reject(fmt.Errorf("line %d: no Events, InstanceStatuses, detail or Code: this is no notice of AWS", line))
	}
}

func (e *awsEvent) window(instance string, opt format.Options) (model.Maintenance, error) {
	m := model.Maintenance{Fleet: opt.Fleet, ID: e.ID, Server: model.ServerID(instance), At: opt.At, Reason: e.Code}
	if m.ID == "" {
		m.ID = e.EventID
	}
	if m.ID == "" && instance != "" && e.NotBefore != "" {
		// The oldest answers name no event: machine, kind and time do.
		m.ID = model.Digest(instance, e.Code, e.NotBefore)[:16]
	}
	if m.ID == "" {
		return m, errors.New("InstanceEventId or EventId is missing")
	}
	if m.Server == "" {
		m.Server = opt.Server
	}
	if e.Description != "" {
		m.Reason += ": " + e.Description
	}
	var err error
	if m.Start, err = parseTime(e.NotBefore); err != nil {
		return m, fmt.Errorf("NotBefore: %w", err)
	}
	m.End = m.Start.Add(usualAWS)
	if e.NotAfter != "" {
		if m.End, err = parseTime(e.NotAfter); err != nil {
			return m, fmt.Errorf("NotAfter: %w", err)
		}
	}
	if m.End <= m.Start {
		return m, fmt.Errorf("NotAfter %s is not after NotBefore %s", e.NotAfter, e.NotBefore)
	}
	m.Duration = m.End.Sub(m.Start)
	if e.Deadline != "" {
		deadline, err := parseTime(e.Deadline)
		if err != nil {
			return m, fmt.Errorf("NotBeforeDeadline: %w", err)
		}
		m.EarliestStart, m.LatestEnd = m.Start, deadline.Add(m.Duration)
	}
	// Finished work is no longer to be planned around.
	m.Cancelled = ended(e.State) || strings.HasPrefix(e.Description, "[Completed]") || strings.HasPrefix(e.Description, "[Canceled]")
	return m, nil
}

func ended(state string) bool {
	switch strings.ToLower(state) {
	case "completed", "canceled", "cancelled", "closed":
		return true
	}
	return false
}

func (h *awsHealth) read(opt format.Options, out *format.Out) error {
	start, err := parseTime(h.Start)
	if err != nil {
		return fmt.Errorf("detail.startTime: %w", err)
	}
	end := start.Add(usualAWS)
	if h.End != "" {
		if end, err = parseTime(h.End); err != nil {
			return fmt.Errorf("detail.endTime: %w", err)
		}
	}
	if end <= start {
		return fmt.Errorf("detail.endTime %s is not after startTime %s", h.End, h.Start)
	}
	out.Read()
	for _, entity := range h.Entities {
		out.Emit(model.Maintenance{Fleet: opt.Fleet, ID: h.ARN + "/" + entity.Value, Server: model.ServerID(entity.Value), At: opt.At,
			Start: start, End: end, Duration: end.Sub(start), Reason: h.Code, Cancelled: ended(h.Status)})
	}
	return nil
}
