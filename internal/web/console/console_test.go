package console

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

// firstBytes bounds what a browser must have, compressed, before the first view
// can be shown: what only another view needs is no part of it.
const firstBytes = 48 << 10

func get(t *testing.T, method, path string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w.Result()
}

func asset(t *testing.T, name string) []byte {
	t.Helper()
	body, err := fs.ReadFile(dist, path.Join("dist", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// asked returns what a page names in its src and href.
func asked(page []byte) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?:src|href)="(/[^"]+)"`).FindAllSubmatch(page, -1) {
		out = append(out, string(m[1]))
	}
	return out
}

func TestTheFirstViewNeedsLittle(t *testing.T) {
	page := asset(t, "index.html")
	sum := 0
	for _, name := range append(asked(page), "/index.html") {
		var small bytes.Buffer
		w := gzip.NewWriter(&small)
		_, _ = w.Write(asset(t, name))
		_ = w.Close()
		t.Logf("%s: %d bytes compressed", name, small.Len())
		sum += small.Len()
	}
	if sum > firstBytes {
		t.Errorf("the first view needs %d bytes, more than %d: import what only other views show there", sum, firstBytes)
	}
}

// TestSomethingIsShownBeforeTheProgramRuns looks for the frame in the page itself.
func TestSomethingIsShownBeforeTheProgramRuns(t *testing.T) {
	page := string(asset(t, "index.html"))
	for _, want := range []string{`<div id="app">`, `class="shell"`, `role="status"`, `<noscript>`, `<html lang="en">`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if inline := regexp.MustCompile(`<script[^>]*>[^<]|<style|\son[a-z]+=`).FindString(page); inline != "" {
		t.Errorf("%q: the content security policy forbids what stands in the page itself", inline)
	}
}

func TestWhatIsServed(t *testing.T) {
	hashed := ""
	for _, name := range asked(asset(t, "index.html")) {
		if strings.HasPrefix(name, "/assets/") && strings.HasSuffix(name, ".js") {
			hashed = name
		}
	}
	for _, c := range []struct {
		method, path, kind, kept string
		status                   int
	}{
		{"GET", "/", "text/html; charset=utf-8", "no-cache", 200},
		{"GET", "/decision?fleet=demo", "text/html; charset=utf-8", "no-cache", 200},
		{"HEAD", "/fleet", "text/html; charset=utf-8", "no-cache", 200},
		{"GET", hashed, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", 200},
		{"GET", "/theme.js", "text/javascript; charset=utf-8", "no-cache", 200},
		{"GET", "/icon.svg", "image/svg+xml", "no-cache", 200},
		{"GET", "/assets/index-gone.js", "text/plain; charset=utf-8", "", 404},
		{"GET", "/../../console.go", "text/plain; charset=utf-8", "", 404},
		{"POST", "/fleet", "text/plain; charset=utf-8", "", 405},
	} {
		r := get(t, c.method, c.path)
		if r.StatusCode != c.status || r.Header.Get("Content-Type") != c.kind || r.Header.Get("Cache-Control") != c.kept {
			t.Errorf("%s %s: %d, %q, kept %q; want %d, %q, %q", c.method, c.path, r.StatusCode, r.Header.Get("Content-Type"),
				r.Header.Get("Cache-Control"), c.status, c.kind, c.kept)
		}
		if !strings.Contains(r.Header.Get("Content-Security-Policy"), "script-src 'self'") {
			t.Errorf("%s %s: no content security policy", c.method, c.path)
		}
	}
}

// TestNothingComesFromElsewhere reads every asset for addresses that a browser
// would fetch from another server.
func TestNothingComesFromElsewhere(t *testing.T) {
	fetched := regexp.MustCompile(`(?:src|href)=["']https?:|url\(["']?https?:|@import|from ?["']https?:|import\(["']https?:`)
	err := fs.WalkDir(dist, "dist", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(dist, name)
		if found := fetched.Find(body); found != nil {
			t.Errorf("%s: %s", name, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
