package web

import (
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"

	_ "embed"

	"drover/internal/model"
)

//go:embed page.html
var pageSource string

// NewHandler serves the read model: a page at /, JSON at /api/v1/status.
func NewHandler(m *ReadModel, log *slog.Logger) http.Handler {
	page := template.Must(template.New("page").Funcs(template.FuncMap{"clock": clock, "lasted": lasted, "uplift": uplift,
		"level": level}).Parse(pageSource))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		status, ok := m.Status(chosen(m, r))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		if err := page.Execute(w, struct {
			Status
			Known bool
		}{status, ok}); err != nil {
			log.Warn("page", "error", err)
		}
	})
	mux.HandleFunc("GET /api/v1/status", func(w http.ResponseWriter, r *http.Request) {
		status, ok := m.Status(chosen(m, r))
		w.Header().Set("Content-Type", "application/json")
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error":"no such fleet; give one with ?fleet=NAME"}` + "\n"))
			return
		}
		if err := json.NewEncoder(w).Encode(status); err != nil {
			log.Warn("status", "error", err)
		}
	})
	return mux
}

// chosen returns the fleet that was asked for, or the first.
func chosen(m *ReadModel, r *http.Request) model.FleetID {
	if id := r.URL.Query().Get("fleet"); id != "" {
		return model.FleetID(id)
	}
	if all := m.Fleets(); len(all) > 0 {
		return all[0]
	}
	return ""
}

// level names how tight a percentage is, for the page's colours.
func level(percent float64) string {
	switch {
	case percent >= 90:
		return "hot"
	case percent >= 70:
		return "warm"
	}
	return "calm"
}
