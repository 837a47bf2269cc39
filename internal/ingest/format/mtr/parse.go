// Package mtr reads the reports of `mtr --json`: one document, or several one
// after the other.
//
// Versions differ: count and tests are strings or numbers, and some builds name
// the columns of --order differently ("Loss%" or "Loss", "Snt" or "Sent").
package mtr

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/model"
)

type document struct {
	Report *struct {
		MTR  map[string]json.RawMessage `json:"mtr"`
		Hubs json.RawMessage            `json:"hubs"`
	} `json:"report"`
}

// Parse reads reports; each is a record and a model.Path. A hop's RTTs are the
// best, average and worst that mtr reports, so that the median is the average.
// The time is opt.At: reports carry none.
func Parse(data []byte, opt format.Options, out *format.Out) {
	jsonscan.Records(data, out, func(record []byte, line int) {
		path, err := read(record, opt)
		if err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
			return
		}
		out.Record(path)
	})
}

func read(record []byte, opt format.Options) (model.Path, error) {
	var d document
	if err := jsonscan.Unmarshal(record, &d); err != nil {
		return model.Path{}, err
	}
	if d.Report == nil {
		return model.Path{}, errors.New("no \"report\": this is no output of mtr --json")
	}
	path := model.Path{Fleet: opt.Fleet, Producer: opt.Producer, At: opt.At,
		From: model.ServerID(text(d.Report.MTR, "src")), To: format.CleanAddress(text(d.Report.MTR, "dst"))}
	if path.From == "" || path.To == "" {
		return path, errors.New("report.mtr: src and dst must not be empty")
	}
	if err := readHubs(&path, d.Report.Hubs); err != nil {
		return path, err
	}
	if n := len(path.Hops); n > 0 {
		// mtr stops at the target; of target and last hop, one may be a name.
		last := path.Hops[n-1]
		path.Reached = last.Address != "" && len(last.RTTMicros) > 0 &&
			(last.Address == path.To || !isAddress(path.To) || !isAddress(last.Address))
	}
	return path, nil
}

// maxHubs is more than a route has hops, each with some addresses.
const maxHubs = 2000

// readHubs reads the hops one by one, so that a great many cost little.
func readHubs(path *model.Path, hubs json.RawMessage) error {
	if len(hubs) == 0 || string(hubs) == "null" {
		return nil
	}
	n := 0
	return jsonscan.Array(hubs, func(element []byte) error {
		if n++; n > maxHubs {
			return fmt.Errorf("more than %d hubs", maxHubs)
		}
		var hub map[string]json.RawMessage
		if err := jsonscan.Unmarshal(element, &hub); err != nil {
			return fmt.Errorf("hubs[%d]: %w", n-1, err)
		}
		hop, err := readHub(hub, n)
		if err != nil {
			return fmt.Errorf("hubs[%d]: %w", n-1, err)
		}
		path.Hops = append(path.Hops, hop)
		return nil
	})
}

func readHub(hub map[string]json.RawMessage, place int) (model.Hop, error) {
	ttl := place
	if c := text(hub, "count", "hop"); c != "" {
		n, err := strconv.Atoi(c)
		if err != nil || n < 1 || n > 255 {
			return model.Hop{}, fmt.Errorf("count %q: want a number from 1 to 255", c)
		}
		ttl = n
	}
	hop := model.Hop{TTL: ttl, Address: host(text(hub, "host", "ip"))}
	sent, sentOK := number(hub, "Snt", "Sent", "snt", "sent")
	if !sentOK {
		sent = 1
	}
	loss, lossOK := number(hub, "Loss%", "Loss", "loss")
	if !lossOK {
		// With columns of the user's own, what was dropped or came back may be there.
		received, ok := number(hub, "Rcv", "Rcvd", "rcv")
		if dropped, told := number(hub, "Drop", "Dropped", "drop"); told && !ok {
			received, ok = sent-dropped, true
		}
		if _, answered := number(hub, "Avg", "avg", "Best", "best", "Wrst", "Worst", "worst"); !ok && !answered {
			return hop, errors.New("no Loss% and no times: want mtr's columns")
		}
		if ok && sent > 0 {
			loss = 100 * (sent - received) / sent
		}
	}
	if loss < 0 || loss > 100 || sent < 0 || sent > 1e9 {
		return hop, fmt.Errorf("field Loss%%: %v of %v: want 0 to 100 per cent", loss, sent)
	}
	hop.Lost = int(math.Round(loss / 100 * sent))
	if hop.Address == "" || loss >= 100 {
		return hop, nil
	}
	for _, names := range [][]string{{"Best", "best"}, {"Avg", "avg"}, {"Wrst", "Worst", "worst"}} {
		if rtt, ok := number(hub, names...); ok && rtt >= 0 && rtt < 1e9 {
			hop.RTTMicros = append(hop.RTTMicros, int64(math.Round(rtt*1000)))
		}
	}
	return hop, nil
}

// host returns the address of a hub, empty for a silent one. With -b, mtr writes
// "name (address)".
func host(s string) string {
	// With -z, older versions put the autonomous system before the address.
	if as, rest, ok := strings.Cut(s, " "); ok && strings.HasPrefix(as, "AS") && strings.Trim(as[2:], "0123456789?") == "" {
		s = strings.TrimSpace(rest)
	}
	if s == "???" {
		return ""
	}
	if open := strings.LastIndexByte(s, '('); open > 0 && strings.HasSuffix(s, ")") {
		s = s[open+1 : len(s)-1]
	}
	return format.CleanAddress(s)
}

func isAddress(s string) bool {
	return strings.Trim(s, "0123456789.") == "" || strings.Contains(s, ":")
}

// text returns the first of the keys that is there, as text.
func text(m map[string]json.RawMessage, keys ...string) string {
	for _, k := range keys {
		raw, ok := m[k]
		if !ok {
			continue
		}
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return strings.TrimSpace(s)
		}
		return string(raw)
	}
	return ""
}

// number returns the first of the keys that holds a number or text of one.
func number(m map[string]json.RawMessage, keys ...string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSuffix(text(m, keys...), "%"), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}
