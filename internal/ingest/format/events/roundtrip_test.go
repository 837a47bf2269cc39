package events_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/events"
	"drover/internal/model"
)

// full holds an event of every type with every field set that the wire has.
func full() []any {
	vector := model.Vector{1, 2, 3, 4, 5}
	return []any{
		model.Metric{Fleet: "f", Entity: "server:s", At: 1000, Producer: "p", Samples: []model.Sample{
			{Resource: model.CPU, Kind: model.Counter, Value: 1.5}, {Resource: model.Disk, Value: 2}}},
		model.Span{Fleet: "f", TraceID: "t", ID: "i", ParentID: "p", Kind: model.SpanConsumer, Service: "s", Instance: "n", Peer: "q",
			PeerAddress: "a:1", Name: "x", StartMicros: 5, DurationMicros: 0, Error: true, Shared: true, MessagingSystem: "kafka",
			MessagingDestination: "topic", DatabaseSystem: "pg", RequestBytes: 7, ResponseBytes: 8, Producer: "p"},
		model.Call{Fleet: "f", Caller: "a", Callee: "b", At: 1000, Producer: "p", Origin: model.Inferred, Calls: 3, Errors: 1,
			RequestBytes: 5, ResponseBytes: 6, DurationMicros: []uint64{1, 2}, SpanID: "x"},
		model.Path{Fleet: "f", From: "a", To: "b", At: 1000, Producer: "p", Reached: true, Hops: []model.Hop{{TTL: 1, Address: "x", RTTMicros: []int64{1}, Lost: 2}}},
		model.Server{Fleet: "f", ID: "s", At: 1000, Capacity: vector, SafetyPPM: vector, Zone: "z", Rack: "r", Labels: map[string]string{"k": "v"},
			Power: []model.PowerPoint{{UtilisationPPM: 0, PowerMilliwatts: 1}, {UtilisationPPM: 5, PowerMilliwatts: 2}}, CostMicrosPerHour: 1,
			WakeDuration: time.Second, MTBF: time.Hour, MTTR: time.Minute, ZoneMTBF: 2 * time.Hour, ZoneMTTR: 3 * time.Minute, CoreSpeedMilli: 900, Unschedulable: true, Removed: true, AgentURL: "u",
			DisruptionConcurrency: 2},
		model.Application{Fleet: "f", ID: "a", At: 1000, Replicas: 2, Request: vector, DataBytes: 9, Stateful: true,
			SLO:          model.SLO{ResponseQuantilePPM: 1, ResponseMicros: 2, AvailabilityPPM: 3, HeadroomPPM: 4},
			MinimumZones: 2, AntiAffinity: []model.ApplicationID{"a"}, Affinity: []model.ApplicationID{"b"}, AllowedServers: []model.ServerID{"s"},
			DependsOn: []model.ApplicationID{"c"}, MaxMovesPerHour: 1, MoveCost: 2, Driver: "d", Labels: map[string]string{"k": "v"},
			Placement: []model.ServerID{"s"}, DemandMicros: 5, ServiceCVMilli: -1, Removed: true},
		model.CalendarEvent{Fleet: "f", ID: "c", Kind: "k", Name: "n", Start: 1000, End: 2000, At: 500, Applications: []model.ApplicationID{"a"},
			UpliftPPM: 5, Cancelled: true},
		model.Maintenance{Fleet: "f", ID: "m", Server: "s", Start: 1000, End: 2000, At: 500, EarliestStart: 900, LatestEnd: 3000,
			Duration: time.Second, Reason: "r", Hook: "h", Cancelled: true},
		model.Control{Fleet: "f", ID: "k", Kind: model.ControlStop, Plan: "p", Wave: 1, Server: "s", Producer: "x", Mode: model.StopLeave,
			By: "b", Comment: "c", At: 1000},
	}
}

func TestRoundTrip(t *testing.T) {
	for _, want := range full() {
		line, err := events.Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := events.Decode(line, format.Options{})
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", line, got, want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, line := range []string{
		``, `[]`, `{}`, `{"type":"tea"}`, `{"type":"sample","name":"x","value":1}`,
		`{"type":"metric","entity":"s1","samples":[{"resource":"cpu","value":1}]}`,
		`{"type":"metric","entity":"server:s1"}`,
		`{"type":"metric","entity":"server:s1","samples":[{"resource":"gpu","value":1}]}`,
		`{"type":"metric","entity":"server:s1","samples":[{"resource":"cpu","kind":"rate","value":1}]}`,
		`{"type":"metric","entity":"server:s1","samples":[{"resource":"cpu","value":-1}]}`,
		`{"type":"metric","entity":"server:s1","at":"noon","samples":[{"resource":"cpu","value":1}]}`,
		`{"type":"span","trace_id":"t"}`, `{"type":"span","trace_id":"t","span_id":"s","kind":"tea"}`,
		`{"type":"call","caller":"a","calls":1}`, `{"type":"call","caller":"a","callee":"b","calls":1,"errors":2}`,
		`{"type":"path","from":"a"}`, `{"type":"path","from":"a","to":"b","hops":[{"ttl":0}]}`,
		`{"type":"server"}`, `{"type":"server","id":"s","capacity":{"gpu":1}}`,
		`{"type":"server","id":"s","power":[{"utilisation_ppm":5},{"utilisation_ppm":5}]}`,
		`{"type":"application","id":"a","replicas":-1}`,
		`{"type":"calendar","id":"c","start":"2026-01-02","end":"2026-01-01"}`, `{"type":"calendar","start":"2026-01-01","end":"2026-01-02"}`,
		`{"type":"maintenance","id":"m","start":"2026-01-01","end":"2026-01-02"}`, `{"type":"control","id":"c"}`,
		`{"type":"control","id":"c","kind":"stop","extra":1}`, `{"type":"server","id":"s","fleet":"other"}`,
	} {
		if got, err := events.Decode([]byte(line), format.Options{Fleet: "f"}); err == nil {
			t.Errorf("%s passed as %+v", line, got)
		}
	}
}

func TestEncodeRefusesUnknown(t *testing.T) {
	if _, err := events.Encode(5); err == nil || !strings.Contains(err.Error(), "int") {
		t.Errorf("%v", err)
	}
}
