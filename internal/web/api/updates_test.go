package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

func TestAnUpdateOrderGoesOutWithWhatWasLeftOut(t *testing.T) {
	s, sent := served(t)
	answer := s.do("POST", base+"/fleets/shop/updates", `{"servers":["s1"],"hook":"kernel","comment":"CVE"}`)
	if answer.Code != http.StatusAccepted {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	audit, order := sent.list[0].Event.(model.Audit), sent.list[1].Event.(model.Control)
	if audit.Object != "update/u-1" || audit.Action != "update" || !strings.Contains(audit.After, `"servers":["s1"]`) || !strings.Contains(audit.After, `"hook":"kernel"`) {
		t.Errorf("audit %+v", audit)
	}
	want := model.Control{Fleet: "shop", ID: "u-1", Kind: model.ControlUpdate, By: "local", Comment: "CVE", At: morning, Servers: []model.ServerID{"s1"},
		Hook: "kernel", Duration: 30 * time.Minute, EarliestStart: morning, LatestEnd: morning.Add(24 * time.Hour), AtOnce: 1}
	if order.ID != want.ID || order.Hook != want.Hook || order.Duration != want.Duration || order.EarliestStart != want.EarliestStart ||
		order.LatestEnd != want.LatestEnd || order.AtOnce != 1 || !slices.Equal(order.Servers, want.Servers) || order.Comment != "CVE" {
		t.Errorf("order %+v, want %+v", order, want)
	}
	// It is seen before the next decision, and can't be given twice.
	page := ask[Page[ServerUpdate]](s, "/updates?q=s1")
	if len(page.Items) != 1 || page.Items[0].State != model.UpdateWaiting || page.Items[0].Roll != "u-1" {
		t.Errorf("updates %+v", page.Items)
	}
	if again := s.do("POST", base+"/fleets/shop/updates", `{"servers":["s1"],"hook":"kernel"}`); again.Code != http.StatusConflict {
		t.Errorf("ordered twice: %d %s", again.Code, again.Body)
	}
	if off := s.do("POST", base+"/fleets/shop/updates/u-1/cancel", ""); off.Code != http.StatusAccepted {
		t.Errorf("%d %s", off.Code, off.Body)
	}
	if page := ask[Page[ServerUpdate]](s, "/updates?q=s1"); len(page.Items) != 0 {
		t.Errorf("called off and still there: %+v", page.Items)
	}
}

func TestUpdateOrdersThatMakeNoSenseAreRefused(t *testing.T) {
	for _, c := range []struct {
		path, body string
		want       int
		text       string
	}{
		{"", `{}`, 400, "servers: name at least one"},
		{"", `{"servers":["s1"]}`, 400, "hook"},
		{"", `{"servers":["s1","none"],"hook":"kernel"}`, 404, `no server`},
		{"", `{"servers":["s1","s1"],"hook":"kernel"}`, 400, "named twice"},
		{"", `{"servers":["s1"],"hook":"kernel","at_once":-1}`, 400, "at_once"},
		{"", `{"servers":["s1"],"hook":"kernel","duration_seconds":1e9}`, 400, "up to a week"},
		{"", `{"servers":["s1"],"hook":"kernel","start":"2026-03-12T20:00:00Z","end":"2026-03-12T20:10:00Z"}`, 400, "one server takes 30m"},
		{"", `{"servers":["s3"],"hook":"kernel"}`, 409, "in update o-roll (waiting) already"},
		{"", `{"servers":["s1"],"hook":"kernel","comment":"` + strings.Repeat("x", maxComment+1) + `"}`, 400, "comment"},
		{"/none/cancel", "", 404, `no update`},
		{"/none/retry", "", 404, `no update`},
		{"/o-roll/retry", `{"waves":2}`, 400, "waves"},
	} {
		s, sent := served(t)
		got := s.do("POST", base+"/fleets/shop/updates"+c.path, c.body)
		if got.Code != c.want || !strings.Contains(got.Body.String(), c.text) || len(sent.list) != 0 {
			t.Errorf("%s %.60s: %d %s and %d events, want %d %q and none", c.path, c.body, got.Code, got.Body, len(sent.list), c.want, c.text)
		}
	}
}

func TestARollIsTriedAgain(t *testing.T) {
	s, sent := served(t)
	if got := s.do("POST", base+"/fleets/shop/updates/o-roll/retry", `{"comment":"disk replaced"}`); got.Code != http.StatusAccepted {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
	order := sent.list[1].Event.(model.Control)
	if order.Kind != model.ControlUpdateRetry || order.Roll != "o-roll" || order.Comment != "disk replaced" {
		t.Errorf("order %+v", order)
	}
	if audit := sent.list[0].Event.(model.Audit); audit.Object != "update/o-roll" || audit.Before != "done=0 failed=1 of 2" {
		t.Errorf("audit %+v", audit)
	}
}

func TestAPlanShowsItsBalanceAndWhatWasDropped(t *testing.T) {
	s, sent := served(t)
	plan := ask[Plan](s, "/plans/p-done")
	if b := plan.Balance; b == nil || b.PromisesExpected != 1 || b.PromisesHad != 2 || b.CostHad != 1.6 || b.Succeeded != 1 {
		t.Errorf("balance %+v", plan.Balance)
	}
	if before := ask[Plan](s, "/plans/p-done?at=2026-03-12T08:45:00Z"); before.Balance != nil {
		t.Errorf("a balance before the decision that drew it up: %+v", before.Balance)
	}
	amended := planOfShop("p-waits", morning, true)
	amended.Dropped = []model.DroppedMove{{Index: 0, Reason: "s2 is full"}}
	sent.model.Fold("shop", amended)
	if m := ask[Plan](s, "/plans/p-waits").Steps[0]; m.State != "dropped" || m.Ending != "s2 is full" {
		t.Errorf("move %+v", m)
	}
	if e := ask[Evaluation](s, "/evaluations/2026-03-12T09:00:00Z"); len(e.Stages) != 1 || e.Stages[0].Moves[0].To != "s3" || e.Stages[0].Saved != 0.12 {
		t.Errorf("stages %+v", e.Stages)
	}
}
