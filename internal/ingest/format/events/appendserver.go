package events

import (
	"strconv"
	"time"

	"drover/internal/model"
)

// inOrder are the resources by name, as JSON's maps are written.
var inOrder = [...]model.Resource{model.CPU, model.Disk, model.Memory, model.Receive, model.Transmit}

// plainServer tells whether a server has none of the parts that are left to
// encoding/json.
func plainServer(s *model.Server) bool { return len(s.Labels) == 0 && len(s.Power) == 0 }

func appendServer(b []byte, s *model.Server) []byte {
	b = append(b, `{"type":"server"`...)
	b = appendField(b, `,"fleet":`, string(s.Fleet))
	b = appendText(append(b, `,"id":`...), string(s.ID))
	b = appendWhen(b, `,"at":`, s.At)
	b = appendVector(b, `,"capacity":{`, s.Capacity)
	b = appendVector(b, `,"safety_ppm":{`, s.SafetyPPM)
	b = appendField(b, `,"zone":`, s.Zone)
	b = appendField(b, `,"rack":`, s.Rack)
	b = appendWhole(b, `,"cost_micros_per_hour":`, s.CostMicrosPerHour)
	for _, d := range [...]struct {
		name string
		time time.Duration
	}{{`,"wake_ms":`, s.WakeDuration}, {`,"mtbf_ms":`, s.MTBF}, {`,"mttr_ms":`, s.MTTR}, {`,"zone_mtbf_ms":`, s.ZoneMTBF}, {`,"zone_mttr_ms":`, s.ZoneMTTR}} {
		b = appendWhole(b, d.name, d.time.Milliseconds())
	}
	b = appendWhole(b, `,"core_speed_milli":`, s.CoreSpeedMilli)
	if s.Unschedulable {
		b = append(b, `,"unschedulable":true`...)
	}
	if s.Removed {
		b = append(b, `,"removed":true`...)
	}
	b = appendField(b, `,"agent_url":`, s.AgentURL)
	b = appendWhole(b, `,"disruption_concurrency":`, int64(s.DisruptionConcurrency))
	return append(b, '}')
}

// appendVector appends the resources that aren't zero.
func appendVector(b []byte, name string, v model.Vector) []byte {
	first := true
	for _, r := range inOrder {
		if v[r] == 0 {
			continue
		}
		if first {
			b, first = append(b, name...), false
		} else {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), r.String()...), `":`...)
		b = strconv.AppendInt(b, v[r], 10)
	}
	if first {
		return b
	}
	return append(b, '}')
}

// appendWhole appends a number unless it is zero.
func appendWhole(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, name...), n, 10)
}
