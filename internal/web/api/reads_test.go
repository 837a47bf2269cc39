package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

// ask gets a path of the fleet and decodes the answer.
func ask[T any](s *testServer, path string) (out T) {
	s.t.Helper()
	answer := s.do("GET", base+"/fleets/shop"+path, "")
	if answer.Code != http.StatusOK {
		s.t.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &out); err != nil {
		s.t.Fatalf("%s: %v", path, err)
	}
	return out
}

func TestUnchangedAnswersAreNotSentAgain(t *testing.T) {
	s, _ := served(t)
	path := base + "/fleets/shop/plans"
	tag := s.do("GET", path, "").Header().Get("ETag")
	if again := s.do("GET", path, "", "If-None-Match", tag); tag == "" || again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("tag %q: %d with %d bytes", tag, again.Code, again.Body.Len())
	}
	s.Model.Fold("shop", planOfShop("p-new", morning, false))
	if again := s.do("GET", path, "", "If-None-Match", tag); again.Code != http.StatusOK {
		t.Errorf("after a change: %d", again.Code)
	}
}

func TestPagesFollowOneAnother(t *testing.T) {
	s, _ := served(t)
	var seen []model.ServerID
	for cursor := ""; ; {
		page := ask[Page[Host]](s, "/servers?limit=2&after="+cursor)
		for _, h := range page.Items {
			seen = append(seen, h.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(seen) != 3 || seen[0] != "s1" || seen[2] != "s3" {
		t.Errorf("pages hold %v", seen)
	}
	if past := ask[Page[Host]](s, "/servers?after=99"); len(past.Items) != 0 || past.Total != 3 {
		t.Errorf("beyond the end: %+v", past)
	}
}

func TestTheOutlookTellsWhenHowMuchAndHowSure(t *testing.T) {
	s, _ := served(t)
	page := ask[Page[Tight]](s, "/outlook")
	if len(page.Items) != 2 || page.Items[1].Server != "s2" {
		t.Fatalf("%+v, want s1 and then s2", page.Items)
	}
	// web/0 is on s1; api/0 moved to s2 with p-done. The background of s1 is what
	// it showed beyond web/0: 2600 - 1400.
	one := page.Items[0]
	high := (1.2*1400*1.46 + 1200) / 40
	if one.Server != "s1" || one.At != morning.Add(120*time.Minute) || one.HighPercent < high-0.2 || one.HighPercent > high+0.2 || one.Chance <= 0.05 || one.Chance >= 0.95 {
		t.Errorf("%+v, want s1 at its highest (%.1f %%) in the last step", one, high)
	}
}

func TestTimeTravelShowsWhatWas(t *testing.T) {
	s, _ := served(t)
	before := "?at=" + morning.Add(-40*time.Minute).String()
	if p := ask[Page[PlanRow]](s, "/plans"+before); len(p.Items) != 1 || p.Items[0].ID != "p-back" || p.Items[0].State != "rolled-back" {
		t.Errorf("plans then: %+v", p.Items)
	}
	if h := ask[Host](s, "/servers/s1"+before); len(h.Replicas) != 2 {
		t.Errorf("s1 then held %v, want api/0 and web/0", h.Replicas)
	}
	if h := ask[Host](s, "/servers/s1"); len(h.Replicas) != 1 {
		t.Errorf("s1 now holds %v", h.Replicas)
	}
	f := ask[Forecast](s, "/forecast?entity=server:s1&at="+morning.Add(-time.Hour).String())
	if f.Origin != morning.Add(-2*time.Hour) || len(f.Quantiles) != 24 || len(f.Levels) != len(readmodel.PastLevels) {
		t.Errorf("the forecast of then was made %v, has %d steps and %d levels", f.Origin, len(f.Quantiles), len(f.Levels))
	}
	if e := ask[Page[Edge]](s, "/edges?at="+morning.Add(-2*time.Hour).String()); len(e.Items) != 1 || e.Items[0].Caller != "api" {
		t.Errorf("edges then: %+v", e.Items)
	}
	half := ask[Execution](s, "/executions/p-done?at="+morning.Add(-27*time.Minute).String())
	if half.State != "running" || half.Progress <= 0 || half.Progress >= 1 || half.Rows[0].State != "running" {
		t.Errorf("p-done then: %s, progress %.2f, %s", half.State, half.Progress, half.Rows[0].State)
	}
}

func TestExecutionsTellStepsAndCompensations(t *testing.T) {
	s, _ := served(t)
	done := ask[Execution](s, "/executions/p-done")
	if len(done.Steps) != 7 || done.Progress != 1 || done.DoneBytes != 1<<30 || done.Undoing {
		t.Errorf("p-done: %d steps, progress %v, %d bytes", len(done.Steps), done.Progress, done.DoneBytes)
	}
	back := ask[Execution](s, "/executions/p-back")
	if !back.Undoing || back.Steps[0].State != "failed" || !back.Steps[1].Compensation || back.RolledBack != 1 || back.DoneBytes != 0 {
		t.Errorf("p-back: %+v", back)
	}
}

func TestTheBlastRadiusFollowsCallers(t *testing.T) {
	s, _ := served(t)
	if a := ask[Application](s, "/applications/db"); len(a.BlastRadius) != 2 || a.BlastRadius[0] != "api" || a.BlastRadius[1] != "web" || len(a.Callers) != 1 {
		t.Errorf("db: %v", a.BlastRadius)
	}
	circle := []Edge{{Caller: "a", Callee: "b"}, {Caller: "b", Callee: "a"}}
	if got := blast(circle, "a"); len(got) != 1 || got[0] != "b" {
		t.Errorf("in a circle: %v", got)
	}
}

func TestWhatIfOneMoreServer(t *testing.T) {
	s, _ := served(t)
	answer := s.do("POST", base+"/fleets/shop/what-if", `{"server":["like:s1"],"load":["all=+40%"],"evaluations":2000}`)
	var got WhatIfAnswer
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || answer.Code != http.StatusOK {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	if got.Without == nil || len(got.Without.Scenarios) == 0 || got.Without.Scenarios[0].ViolationsBefore != got.Evaluation.Scenarios[0].ViolationsBefore {
		t.Errorf("with %+v, without %+v", got.Evaluation, got.Without)
	}
	for body, want := range map[string]string{`{"server":["s1"]}`: "want like:ID", `{"server":["like:s99"]}`: "no such server"} {
		if a := s.do("POST", base+"/fleets/shop/what-if", body); a.Code != http.StatusBadRequest || !strings.Contains(a.Body.String(), want) {
			t.Errorf("%s: %d %s", body, a.Code, a.Body)
		}
	}
}

func TestWhatIfAnswersAndCarriesNothingOut(t *testing.T) {
	s, sent := served(t)
	answer := s.do("POST", base+"/fleets/shop/what-if", `{"load":["web=+40%"],"evaluations":2000}`)
	var got WhatIfAnswer
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || answer.Code != http.StatusOK {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	before, after := 0, 0
	for _, sc := range got.Evaluation.Scenarios {
		switch sc.Name {
		case "asked":
			after = sc.ViolationsBefore
		case "expected":
			before = sc.ViolationsBefore
		}
	}
	if after <= before || got.Plan != nil && !got.Plan.DryRun {
		t.Errorf("%s: %d broken promises as expected, %d with more load: %+v", got.Evaluation.Reason, before, after, got.Evaluation.Scenarios)
	}
	if len(sent.list) != 0 {
		t.Error("a question has published something")
	}
}

func TestTooManyRequestsAreTurnedAway(t *testing.T) {
	s, _ := served(t)
	s.Now = func() time.Time { return morning.Time() }
	refused := 0
	for range 12 {
		if got := s.do("POST", base+"/fleets/shop/what-if", `{"evaluations":-1}`); got.Code == http.StatusTooManyRequests {
			refused++
			if got.Header().Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
	}
	if refused == 0 {
		t.Error("twelve questions at once were all taken")
	}
}

func TestChances(t *testing.T) {
	q := []float64{10, 20, 30, 40, 50, 60, 70}
	for threshold, want := range map[float64]float64{5: 0.95, 30: 0.5, 60: 0.05, 45: 0.175, 72: 0.005, 100: 0} {
		if got := chanceAbove(q, threshold); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("above %v: %v, want %v", threshold, got, want)
		}
	}
}
