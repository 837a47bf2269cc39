package backtest

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"strconv"
)

//go:embed page.html fleet.html planetlab.html recorded.html
var pages embed.FS

// colours of policies, in their order; distinguishable without red and green.
var colours = []string{"#0b5fa5", "#d9720b", "#7a7a7a", "#2a8c82", "#7b2d8b"}

// writePage writes a report: one document without scripts or requests.
func writePage(w io.Writer, name string, data any) error {
	t, err := template.New(name).Funcs(template.FuncMap{"thousands": thousands, "perCent": perCent}).
		ParseFS(pages, "page.html", name)
	if err != nil {
		return fmt.Errorf("report template: %w", err)
	}
	return t.Execute(w, data)
}

// writeReport creates the file that --report names.
func writeReport(path string, html func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("--report: %w", err)
	}
	if err := html(file); err != nil {
		file.Close()
		return fmt.Errorf("--report %s: %w", path, err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("--report %s: %w", path, err)
	}
	return nil
}

func ratio(a, b float64) string {
	if b <= 0 {
		return "–"
	}
	return strconv.FormatFloat(a/b, 'f', 2, 64)
}

// perCent writes a share with as many digits as tell the policies apart.
func perCent(share float64) string { return strconv.FormatFloat(100*share, 'f', 4, 64) + " %" }

// thousands writes a number with commas.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
