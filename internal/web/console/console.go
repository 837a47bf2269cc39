// Package console holds the web console's built assets. They are made from the
// sources in web/ by `make console` and committed, so that Drover builds with
// nothing but Go; a test makes sure that a rebuild gives the same bytes.
package console

import (
	"bytes"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"drover/internal/web/access"
)

//go:embed dist
var dist embed.FS

// types are those of the assets; nothing is guessed.
var types = map[string]string{".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".json": "application/json", ".woff2": "font/woff2"}

// Handler serves the assets; every other path without an ending is a view of
// the console and gets its page. Assets below /assets/ carry a hash of what is
// in them and are kept by browsers for good.
func Handler() http.Handler {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the embedded folder is there or the program doesn't compile
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		access.SecurityHeaders(w.Header(), r)
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the console is only read; orders go to /api/v1", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if path.Ext(name) == "" {
			name = "index.html"
		}
		body, err := fs.ReadFile(root, name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-cache")
		if strings.HasPrefix(name, "assets/") {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		if t := types[path.Ext(name)]; t != "" {
			w.Header().Set("Content-Type", t)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}
