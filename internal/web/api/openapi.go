package api

import (
	_ "embed"
	"net/http"
)

// The document is made from the table of routes by `go test ./internal/web/api
// -run OpenAPI -update`; the test without -update holds it against the table.
//
//go:embed openapi.json
var document []byte

func (s *Server) openapi(c *call) (any, error) {
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Header().Set("Cache-Control", "public, max-age=300")
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(document) // the reader has gone
	return nil, errServed
}
