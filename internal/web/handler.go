package web

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"

	"drover/internal/web/api"
	"drover/internal/web/console"
)

// NewHandler serves the API below /api/ and the console everywhere else. What
// is large is compressed; the event stream is not.
func NewHandler(c api.Config) (http.Handler, error) {
	server, err := api.New(c)
	if err != nil {
		return nil, err
	}
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(2048), gzhttp.ContentTypes([]string{"application/json", "text/html", "text/css", "text/javascript"}))
	if err != nil {
		return nil, err
	}
	small := compress(server)
	mux := http.NewServeMux()
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == api.EventsPath {
			server.ServeHTTP(w, r)
			return
		}
		small.ServeHTTP(w, r)
	})
	mux.Handle("/", compress(console.Handler()))
	return mux, nil
}
