package web

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"drover/internal/model"
)

func filled() *ReadModel {
	m := NewReadModel()
	at := model.InstantOf(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC))
	for _, e := range []any{
		model.Server{Fleet: "f", ID: "s1", Zone: "a", Capacity: model.Vector{model.CPU: 1000}},
		model.Server{Fleet: "f", ID: "s2", Zone: "b", Capacity: model.Vector{model.CPU: 1000}},
		model.Application{Fleet: "f", ID: "web", Replicas: 1, Placement: []model.ServerID{"s1"}},
		model.Forecast{Fleet: "f", Entity: "server:s1", Resource: model.CPU, Origin: at, Step: 5 * time.Minute, Observed: 600, Trusted: true,
			Quantiles: model.Quantiles{Levels: []float64{0.5, 0.95}, Values: [][]float64{{600, 700}, {800, 950}}, Mean: []float64{600, 800}}},
		model.Edge{Fleet: "f", Caller: "web", Callee: "api", CallsPerSecond: 3},
		model.CalendarEvent{Fleet: "f", ID: "c", Kind: "campaign", Name: "<b>sale</b>", Start: at.Add(time.Hour), End: at.Add(2 * time.Hour), UpliftPPM: 500_000},
		model.Plan{Fleet: "f", ID: "p-1", Tick: at, Waves: 1, Reason: "1 moves", Moves: []model.Move{{Replica: "web/0", From: "s1", To: "s2", Wave: 1}}},
		model.Outcome{Fleet: "f", Kind: model.OutcomeMove, Plan: "p-1", Replica: "web/0", Server: "s2", State: model.PlanSucceeded, OK: true, At: at.Add(time.Minute)},
		model.Outcome{Fleet: "f", Kind: model.OutcomePlan, Plan: "p-1", MoveIndex: -1, State: model.PlanSucceeded, OK: true, At: at.Add(time.Minute)},
	} {
		m.Fold(e)
	}
	return m
}

func TestStatusTellsNowAndAhead(t *testing.T) {
	s, ok := filled().Status("f")
	if !ok || len(s.Servers) != 2 || len(s.Plans) != 1 {
		t.Fatalf("status %+v (%v)", s, ok)
	}
	one := s.Servers[0]
	if one.CPUPercent != 60 || one.AheadPercent != 95 || one.AheadAt.Time().Minute() != 5 {
		t.Errorf("s1 at %.0f %%, ahead %.0f %% at %v; want 60, 95 in the second step", one.CPUPercent, one.AheadPercent, one.AheadAt)
	}
	if len(s.Servers[1].Replicas) != 1 {
		t.Error("the moved replica is not on s2")
	}
	if p := s.Plans[0]; p.State != "succeeded" || p.Moved != 1 || p.Rows[0].At != "succeeded" {
		t.Errorf("plan %+v", p)
	}
	if _, ok := filled().Status("other"); ok {
		t.Error("a fleet nobody has seen has a status")
	}
}

func TestPlansEndInWordsThatPeopleRead(t *testing.T) {
	m := filled()
	line, ok := m.Fold(model.Outcome{Fleet: "f", Kind: model.OutcomePlan, Plan: "p-2", State: model.PlanRolledBack, Reason: "refused"})
	if !ok || line.Text != "p-2 rolled back: refused" {
		t.Errorf("line %q", line.Text)
	}
	if _, ok := m.Fold(model.Outcome{Fleet: "f", Kind: model.OutcomeStep, OK: true}); ok {
		t.Error("a step that went well is told")
	}
	if _, ok := m.Fold(model.Heartbeat{}); ok {
		t.Error("a heartbeat is told")
	}
}

func TestLinesAreBounded(t *testing.T) {
	m := NewReadModel()
	for i := range keptLines + 50 {
		m.Fold(model.Evaluation{Fleet: "f", Tick: model.Instant(i), Decision: "none"})
	}
	s, _ := m.Status("f")
	if len(s.Lines) != keptLines || s.Lines[0].At != keptLines+49 {
		t.Errorf("%d lines, the newest of %d", len(s.Lines), s.Lines[0].At)
	}
}

func TestFoldingWakesWaiters(t *testing.T) {
	m := NewReadModel()
	changed := m.Changed()
	m.Fold(model.Edge{Fleet: "f"})
	select {
	case <-changed:
	default:
		t.Error("nobody was told")
	}
}

func TestThePageAndTheStatusAreServed(t *testing.T) {
	h := NewHandler(filled(), slog.New(slog.DiscardHandler))
	page := httptest.NewRecorder()
	h.ServeHTTP(page, httptest.NewRequest("GET", "/", nil))
	body := page.Body.String()
	for _, want := range []string{"Fleet f", "p-1", "s2", "95 %", "&lt;b&gt;sale&lt;/b&gt;"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "<b>sale</b>") || page.Header().Get("Content-Security-Policy") == "" {
		t.Error("names are not escaped, or there is no content security policy")
	}
	status := httptest.NewRecorder()
	h.ServeHTTP(status, httptest.NewRequest("GET", "/api/v1/status?fleet=f", nil))
	var s Status
	if err := json.Unmarshal(status.Body.Bytes(), &s); err != nil || s.Fleet != "f" {
		t.Errorf("status %s: %v", status.Body, err)
	}
	missing := httptest.NewRecorder()
	h.ServeHTTP(missing, httptest.NewRequest("GET", "/api/v1/status?fleet=x", nil))
	if missing.Code != 404 {
		t.Errorf("an unknown fleet answers %d", missing.Code)
	}
	empty := httptest.NewRecorder()
	NewHandler(NewReadModel(), slog.New(slog.DiscardHandler)).ServeHTTP(empty, httptest.NewRequest("GET", "/", nil))
	if !strings.Contains(empty.Body.String(), "Nothing has been seen yet") {
		t.Errorf("an empty page says %s", empty.Body)
	}
}
