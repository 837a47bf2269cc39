package mapping

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"drover/internal/ingest/format"
)

// template builds a text from labels.
type template []part

// part is a fixed text or a label with a filter.
type part struct {
	text   string
	label  string
	filter func(string) string
}

// filters are what may stand behind a label's name.
var filters = map[string]func(string) string{
	"":         func(s string) string { return s },
	"host":     host,
	"app":      format.ServiceOfPod,
	"workload": workload,
	"name":     func(s string) string { return s[strings.LastIndexByte(s, '/')+1:] },
}

// parseTemplate reads a text with labels in braces.
func parseTemplate(s string) (template, error) {
	var t template
	for s != "" {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			return append(t, part{text: s}), nil
		}
		if open > 0 {
			t = append(t, part{text: s[:open]})
		}
		end := strings.IndexByte(s[open:], '}')
		if end < 0 {
			return nil, fmt.Errorf("%q: { without }", s)
		}
		label, name, _ := strings.Cut(s[open+1:open+end], "|")
		filter, ok := filters[name]
		if !ok || label == "" {
			return nil, fmt.Errorf("{%s}: want {label} or {label|host}, |app, |workload or |name", s[open+1:open+end])
		}
		t = append(t, part{label: label, filter: filter})
		s = s[open+end+1:]
	}
	return t, nil
}

// fill appends the text for a series; ok is false where a label is missing.
func (t template) fill(dst []byte, ls format.Labels) (text []byte, ok bool) {
	for _, p := range t {
		if p.label == "" {
			dst = append(dst, p.text...)
			continue
		}
		v := ls.Get(p.label)
		if v == "" {
			return dst, false
		}
		dst = append(dst, p.filter(v)...)
	}
	return dst, true
}

// host cuts the port off an instance.
func host(instance string) string {
	if h, _, err := net.SplitHostPort(instance); err == nil {
		return h
	}
	return instance
}

// workload returns the entity of a pod: a replica where the name ends in a
// small number, as a StatefulSet's does, else the application.
func workload(pod string) string {
	if i := strings.LastIndexByte(pod, '-'); i > 0 {
		if n, err := strconv.ParseUint(pod[i+1:], 10, 16); err == nil && strconv.FormatUint(n, 10) == pod[i+1:] {
			return "replica:" + pod[:i] + "/" + pod[i+1:]
		}
	}
	return "app:" + format.ServiceOfPod(pod)
}
