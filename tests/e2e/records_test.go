package e2e

import (
	"fmt"
	"time"

	"drover/internal/model"
)

// refused folds records that nobody could read.
func (g *generated) refused() {
	for i, l := range []model.DeadLetter{
		{Topic: "metrics", Stage: "forecaster", Class: "decode", Message: "avro: unexpected end of data at byte 41 of 64", Value: []byte("\x00\x00\x00\x00\x07\x0alarge\x16server:s0412\x02\x06cpu\x00\x00\x00\x00\x00\x88\xc3\x40\x0cmemory\x00\x00\x00\x80")},
		{Topic: "applications", Stage: "planner", Class: "value", Message: `application "shop/svc-0012": replicas: -3: want 0 or more`, Value: []byte(`{"fleet":"large","id":"shop/svc-0012","replicas":-3,"request":{"cpu_millicores":800}}`)},
		{Topic: "metrics", Stage: "forecaster", Class: "future", Message: "server:s0107: its time 2026-03-12T14:41:00Z lies 5h1m0s beyond the newest heartbeat: is the producer's clock right?", Value: []byte("\x00\x00\x00\x00\x07\x0alarge\x16server:s0107\x02\x06cpu\x00\x00\x00\x00\x00\x10\xb3\x40")},
		{Topic: "calls", Stage: "forecaster", Class: "schema", Message: "schema 41 is not known here: was the producer's registered?", Value: []byte("\x00\x00\x00\x00\x29\x0alarge")},
	} {
		l.Partition, l.Offset, l.At = int32(i%3), int64(18_204+713*i), noon.Add(-time.Duration(64-19*i)*time.Minute) // the newest last
		l.Key = fmt.Appendf(nil, "large|server:s%04d", 107+i)
		l.Headers = map[string][]byte{"producer": []byte("ingest-7"), "traceparent": []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")}
		g.fold(l)
	}
}

// orders folds what people have ordered, as the audit log has it.
func (g *generated) orders() {
	for i, a := range []model.Audit{
		{Actor: "alice (token)", Action: "approve", Object: "plan/p-0a91c7", Before: "proposed paused=false approved_waves=0", After: `{"order":"o-5d1c","comment":"before the sale"}`},
		{Actor: "night-shift (certificate)", Action: "pause", Object: "plan/p-0a91c7", Before: "running paused=false approved_waves=-1", After: `{"order":"o-77ab","comment":"a disk of s0014 is slow"}`},
		{Actor: "night-shift (certificate)", Action: "resume", Object: "plan/p-0a91c7", Before: "running paused=true approved_waves=-1", After: `{"order":"o-90f2"}`},
		{Actor: "bob@example.com (oidc)", Action: "drain", Object: "server/s0131", Before: "drained=false", After: `{"order":"o-1e44","comment":"its fan is to be changed at noon"}`},
		{Actor: "alice (token)", Action: "approve", Object: "plan/p-b2c4d8", Before: "proposed paused=false approved_waves=0", After: `{"order":"o-c310","waves":2,"comment":"two waves first"}`},
		{Actor: "alice (token)", Action: "replay", Object: "deadletter/metrics/0/17991", Before: "metrics/0/17991 schema: schema 40 is not known here", After: `{"letters":["metrics/0/17991"],"comment":"registered"}`},
	} {
		a.Fleet, a.At = "large", noon.Add(-time.Duration(44-6*i)*time.Minute)
		g.fold(a)
	}
}

// What the plans that ended were expected to do, and what came of them.
var (
	kept = []model.PlanBalance{{Plan: "p-31d8e0", State: model.PlanSucceeded, Moves: 14, Succeeded: 14, ExpectedEnd: noon.Add(-58 * time.Minute), Ended: noon.Add(-61 * time.Minute),
		PromisesBefore: 412, PromisesExpected: 61, PromisesHad: 58, CostBefore: 91_400_000, CostExpected: 74_250_000, CostHad: 74_910_000}}
	taken = []model.PlanBalance{{Plan: "p-0a91c7", State: model.PlanRolledBack, Moves: 14, Failed: 14, ExpectedEnd: noon.Add(-13 * time.Minute), Ended: noon.Add(-24 * time.Minute),
		PromisesBefore: 412, PromisesExpected: 61, PromisesHad: 409, CostBefore: 91_400_000, CostExpected: 74_250_000, CostHad: 91_380_000}}
)

// updates are those of a kernel that goes round, and of a firmware that is late.
func updates() []model.ServerUpdate {
	var out []model.ServerUpdate
	for i, u := range []struct {
		state  model.UpdateState
		plan   model.PlanID
		reason string
	}{
		{model.UpdateDone, "p-31d8e0", "back after 11 min"},
		{model.UpdateDone, "p-31d8e0", "back after 9 min"},
		{model.UpdateFailed, "p-0a91c7", "the hook ended with 1: no boot entry for 6.12.41"},
		{model.UpdateRunning, "p-b2c4d8", "handed to the hook at 2026-03-12T09:31:00Z"},
		{model.UpdateDraining, "p-b2c4d8", "3 of 9 replicas have left"},
		{model.UpdateWaiting, "", "its turn comes when s0104 is back: one at once"},
		{model.UpdateWaiting, "", "its turn comes when s0104 is back: one at once"},
		{model.UpdateMissed, "", "no room for its 11 replicas before 2026-03-12T09:00:00Z"},
	} {
		start := noon.Add(time.Duration(i-4) * 20 * time.Minute)
		roll, hook := "u-kernel-6.12", "reboot"
		if i == 7 {
			roll, hook, start = "u-firmware", "flash", noon.Add(-3*time.Hour)
		}
		out = append(out, model.ServerUpdate{Roll: roll, Server: model.ServerID(fmt.Sprintf("s%04d", 101+i)), Hook: hook, State: u.state, Start: start, End: start.Add(20 * time.Minute), Plan: u.plan, Reason: u.reason})
	}
	return out
}
