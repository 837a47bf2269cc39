package backtest

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
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

// checkFile tells, before hours are played, whether the file that a flag names
// can be written in the end. It leaves nothing behind and empties nothing; no
// path is no file.
func checkFile(flag, path string) error {
	if path == "" {
		return nil
	}
	switch at, err := os.Stat(path); {
	case err == nil && at.IsDir():
		return fmt.Errorf("--%s %s: is a directory; name a file in it", flag, path)
	case err == nil && !at.Mode().IsRegular():
		return nil // a terminal or a pipe: opening it might wait for its reader
	case err == nil:
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("--%s: %w", flag, err)
		}
		return file.Close()
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".drover-*")
	if err != nil {
		return fmt.Errorf("--%s %s: want a file in a directory that is there and can be written: %w", flag, path, err)
	}
	probe.Close()
	return os.Remove(probe.Name())
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
