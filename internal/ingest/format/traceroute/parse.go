package traceroute

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/model"
)

// Parse reads a text; each trace is a record and a model.Path from opt.Server
// at opt.At, which the text doesn't say.
func Parse(data []byte, opt format.Options, out *format.Out) {
	r := &reader{opt: opt, out: out}
	text := decode(data)
	for n := 1; len(text) > 0 && !out.GaveUp(); n++ {
		row, rest, _ := bytes.Cut(text, []byte("\n"))
		text = rest
		r.line(strings.TrimRight(string(row), " \t\r"), n)
	}
	r.finish()
	if r.traces == 0 && out.Rejected == 0 {
		if len(bytes.TrimSpace(data)) == 0 {
			out.Reject(errors.New("empty input: want the output of traceroute or tracert"))
			return
		}
		first, _, _ := bytes.Cut(bytes.TrimSpace(decode(data[:min(len(data), 4096)])), []byte("\n"))
		out.Reject(fmt.Errorf("no traceroute found: want the output of traceroute or tracert, the first line is %.60q", bytes.TrimSpace(first)))
	}
}

// reader holds the trace being read.
type reader struct {
	opt format.Options
	out *format.Out

	open   bool
	traces int
	path   model.Path
	hops   format.Hops
	ttl    int
	// address is the last address at this distance: times follow it.
	address string
	fault   error
}

// maxLine is longer than any hop's answers.
const maxLine = 64 << 10

// line reads one line: a header, a hop, more of a hop, or words.
func (r *reader) line(row string, n int) {
	trimmed := strings.TrimSpace(row)
	if trimmed == "" {
		return
	}
	if target, source, ok := header(trimmed); ok {
		r.finish()
		r.start(target, source)
		return
	}
	if !(trimmed[0] >= '0' && trimmed[0] <= '9') && !(r.open && row[0] == ' ') {
		return
	}
	if len(trimmed) > maxLine {
		if r.open {
			r.refuse(fmt.Errorf("line %d: %d characters, no hop has so many answers", n, len(trimmed)))
		}
		return
	}
	fields := strings.Fields(trimmed)
	ttl, err := strconv.Atoi(fields[0])
	switch {
	case err == nil && len(fields) > 1:
		r.hop(ttl, fields[1:], n)
	case r.open && r.ttl > 0 && row[0] == ' ' && continues(fields):
		// BSD writes a hop's further addresses on lines of their own.
		r.unixFields(fields)
	}
}

// start opens a trace.
func (r *reader) start(target, source string) {
	r.open = true
	r.path = model.Path{Fleet: r.opt.Fleet, Producer: r.opt.Producer, From: r.opt.Server, At: r.opt.At, To: format.CleanAddress(target)}
	if source != "" && r.path.From == "" {
		r.path.From = model.ServerID(format.CleanAddress(source))
	}
	r.hops, r.ttl, r.address, r.fault = format.Hops{}, 0, "", nil
}

// hop reads a line that begins with a distance.
func (r *reader) hop(ttl int, fields []string, n int) {
	if !r.open {
		if ttl != 1 {
			return
		}
		// macOS writes the header to another stream, so it may be missing.
		r.start("unknown", "")
	}
	if ttl < 1 || ttl > 255 || ttl < r.ttl {
		r.refuse(fmt.Errorf("line %d: hop %d after hop %d", n, ttl, r.ttl))
		return
	}
	r.ttl, r.address = ttl, ""
	if windowsHop(fields) {
		r.windowsFields(fields)
		return
	}
	if !timed(fields) && r.failed(fields) {
		return
	}
	if !r.unixFields(fields) {
		r.refuse(fmt.Errorf("line %d: hop %d has no address, time or *", n, ttl))
	}
}

func (r *reader) refuse(err error) {
	if r.fault == nil {
		r.fault = err
	}
}

// finish ends the trace that is open.
func (r *reader) finish() {
	if !r.open {
		return
	}
	r.open = false
	r.traces++
	if err := r.hops.Check(); err != nil {
		r.refuse(err)
	}
	if r.fault != nil {
		r.out.Reject(r.fault)
		return
	}
	r.path.Hops = r.hops.List()
	for _, h := range r.path.Hops {
		if h.Address == r.path.To {
			r.path.Reached = true
		}
	}
	r.out.Record(r.path)
}

// header reads a trace's first line. Unix: "traceroute to name (address)[ from
// address], ...". Windows, in any language: a line of words with an address,
// often in square brackets behind the name.
func header(row string) (target, source string, ok bool) {
	if !strings.ContainsAny(row, ".:") && !strings.HasPrefix(row, "t") && !strings.HasPrefix(row, "T") {
		return "", "", false // neither an address nor the word traceroute
	}
	lower := strings.ToLower(row)
	if word, _, _ := strings.Cut(lower, " "); word == "traceroute:" || word == "traceroute6:" {
		return "", "", false // a warning: "traceroute: Warning: a.example has multiple addresses; using 192.0.2.1"
	}
	if i := strings.Index(lower, " to "); i > 0 && i < 24 && (strings.HasPrefix(lower, "traceroute") || strings.HasPrefix(lower, "tracing the path")) {
		return unixHeader(row[i+4:])
	}
	if row[0] >= '0' && row[0] <= '9' || row[0] == '*' || strings.Contains(row, " ms") {
		return "", "", false
	}
	if open := strings.LastIndexByte(row, '['); open > 0 {
		if end := strings.IndexByte(row[open:], ']'); end > 0 && address(row[open+1:open+end]) {
			return row[open+1 : open+end], "", true
		}
	}
	words := strings.Fields(row)
	if len(words) < 3 {
		return "", "", false
	}
	for _, w := range words {
		if w = strings.TrimRight(w, ":,."); address(w) {
			return w, "", true
		}
	}
	return "", "", false
}

// unixHeader reads "name (address)[ from address], ...".
func unixHeader(rest string) (target, source string, ok bool) {
	rest, _, _ = strings.Cut(rest, ",")
	words := strings.Fields(rest)
	for i, w := range words {
		switch {
		case i == 0:
			target = w
		case strings.HasPrefix(w, "(") && source == "" && address(strings.Trim(w, "()")):
			target = strings.Trim(w, "()")
		case w == "from" && i+1 < len(words):
			source = strings.Trim(words[i+1], "()")
		}
	}
	return target, source, target != ""
}

// address tells whether s is an IP address.
func address(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}
