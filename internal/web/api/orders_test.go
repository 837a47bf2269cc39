package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

func TestAnOrderIsAuditedThenSent(t *testing.T) {
	s, sent := served(t)
	answer := s.do("POST", base+"/fleets/shop/plans/p-waits/approve", `{"comment":"looks right","waves":1}`)
	if answer.Code != http.StatusAccepted {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	if len(sent.list) != 2 || sent.list[0].Topic != "audit" || sent.list[1].Topic != "control" {
		t.Fatalf("published %+v, want an audit event and then the order", sent.list)
	}
	audit, order := sent.list[0].Event.(model.Audit), sent.list[1].Event.(model.Control)
	if audit.Actor != "local (loopback)" || audit.Action != "approve" || audit.Object != "plan/p-waits" || !strings.HasPrefix(audit.Before, "proposed") || !strings.Contains(audit.After, "looks right") {
		t.Errorf("audit %+v", audit)
	}
	if order.Kind != model.ControlApprove || order.Plan != "p-waits" || order.Wave != 1 || order.By != "local" || order.At != morning || order.ID != "o-1" {
		t.Errorf("order %+v", order)
	}
	var plan Plan
	if err := json.Unmarshal(s.do("GET", base+"/fleets/shop/plans/p-waits", "").Body.Bytes(), &plan); err != nil || plan.Waiting || plan.ApprovedWaves != 1 || len(plan.Orders) != 1 {
		t.Errorf("the plan after its approval: %+v (%v)", plan.PlanRow, err)
	}
}

func TestOrdersThatMakeNoSenseAreRefused(t *testing.T) {
	for _, c := range []struct {
		path, body string
		want       int
		text       string
	}{
		{"/plans/none/approve", "", 404, "no plan"},
		{"/plans/p-done/stop", "", 409, "is over: succeeded"},
		{"/plans/p-back/approve", "", 409, "is over: rolled back"},
		{"/plans/p-waits/approve", `{"waves":9}`, 400, "the plan has 1"},
		{"/plans/p-waits/approve", `{"waves":-1}`, 400, "waves"},
		{"/plans/p-waits/approve", `{"mode":"leave"}`, 400, "mode"},
		{"/plans/p-waits/stop", `{"mode":"vanish"}`, 400, "want finish, compensate or leave"},
		{"/plans/p-waits/pause", `{"waves":1}`, 400, "waves"},
		{"/plans/p-waits/pause", `{"wave":1}`, 400, "unknown field"},
		{"/plans/p-waits/pause", `{} {}`, 400, "more than one"},
		{"/plans/p-waits/pause", `[`, 400, "body"},
		{"/plans/p-waits/pause", `{"comment":"` + strings.Repeat("x", maxComment+1) + `"}`, 400, "comment"},
		{"/plans/p-waits/pause", `{"comment":"` + strings.Repeat("x", maxBody) + `"}`, 413, "more than"},
		{"/servers/none/drain", "", 404, "no server"},
		{"/what-if", `{"lose":["zone:q"]}`, 400, "--lose zone:q: no such zone"},
		{"/what-if", `{"at":"yesterday"}`, 400, "--at"},
		{"/what-if", `{"evaluations":-1}`, 400, "evaluations"},
	} {
		s, sent := served(t)
		got := s.do("POST", base+"/fleets/shop"+c.path, c.body)
		if got.Code != c.want || !strings.Contains(got.Body.String(), c.text) || len(sent.list) != 0 {
			t.Errorf("%s %.60s: %d %s and %d events, want %d %q and none", c.path, c.body, got.Code, got.Body, len(sent.list), c.want, c.text)
		}
	}
}

func TestOtherSitesCannotGiveOrders(t *testing.T) {
	for _, headers := range [][]string{
		{"X-Drover-Request", ""}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Content-Type", "text/plain"},
	} {
		s, sent := served(t)
		got := s.do("POST", base+"/fleets/shop/kill", `{"comment":"x"}`, headers...)
		if got.Code/100 != 4 || len(sent.list) != 0 {
			t.Errorf("%v: %d, %d events published", headers, got.Code, len(sent.list))
		}
	}
	for _, headers := range [][]string{{"Host", "evil.example"}, {"X-Forwarded-For", "10.0.0.9"}, {"Forwarded", "for=10.0.0.9"}} {
		s, _ := served(t)
		if got := s.do("GET", base+"/fleets", "", headers...); got.Code != http.StatusUnauthorized {
			t.Errorf("%v: %d, want 401: it is not this machine's own request", headers, got.Code)
		}
	}
}

func TestAnOrderWithAKeyCountsOnce(t *testing.T) {
	s, sent := served(t)
	for range 2 {
		s.do("POST", base+"/fleets/shop/pause", `{"key":"k1"}`)
	}
	first, second := sent.list[1].Event.(model.Control), sent.list[3].Event.(model.Control)
	if first.ID == "" || first.ID != second.ID {
		t.Errorf("ids %q and %q: the executor could not tell that they are one", first.ID, second.ID)
	}
}

func TestNothingIsOrderedWhereTheAuditFails(t *testing.T) {
	s, sent := served(t)
	sent.err = errors.New("broker away")
	if got := s.do("POST", base+"/fleets/shop/pause", ""); got.Code != http.StatusInternalServerError || strings.Contains(got.Body.String(), "broker") {
		t.Errorf("%d %s: want 500 without what went wrong inside", got.Code, got.Body)
	}
}

func TestFleetOrdersShowInTheFleet(t *testing.T) {
	s, _ := served(t)
	state := func() (f Fleet) {
		_ = json.Unmarshal(s.do("GET", base+"/fleets/shop", "").Body.Bytes(), &f)
		return f
	}
	for _, c := range []struct {
		order          string
		paused, killed bool
	}{{"pause", true, false}, {"kill", true, true}, {"resume", false, true}, {"revive", false, false}} {
		s.do("POST", base+"/fleets/shop/"+c.order, "")
		if f := state(); f.Paused != c.paused || f.Killed != c.killed {
			t.Errorf("after %s: paused %v killed %v", c.order, f.Paused, f.Killed)
		}
	}
	s.do("POST", base+"/fleets/shop/servers/s1/drain", "")
	var host Host
	_ = json.Unmarshal(s.do("GET", base+"/fleets/shop/servers/s1", "").Body.Bytes(), &host)
	if !host.Drained {
		t.Error("s1 is not drained")
	}
	s.Model.View("shop", func(f *readmodel.Fleet) {
		if f.Paused {
			t.Error("draining a server paused the fleet")
		}
	})
}

func FuzzOrder(f *testing.F) {
	f.Add([]byte(`{"comment":"x","waves":2}`))
	f.Add([]byte(`{"mode":"leave","key":"k"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var o Order
		if decodeJSON(body, &o) != nil {
			return
		}
		for _, kind := range kinds {
			c := model.Control{Kind: kind}
			if o.into(&c) == nil && (c.Wave < 0 || c.Kind == model.ControlStop && c.Mode == "") {
				t.Errorf("%q gives %+v", body, c)
			}
		}
	})
}

func FuzzWhatIf(f *testing.F) {
	f.Add([]byte(`{"lose":["zone:b"],"load":["web=+40%"],"growth":"5%","quantile":0.9}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var w WhatIf
		if decodeJSON(body, &w) != nil {
			return
		}
		if q, err := w.parse(); err == nil && q.Future.Validate() != nil {
			t.Errorf("%q gives a future that is not valid", body)
		}
	})
}
