// Package ripeatlas reads traceroute results of RIPE Atlas: an array, one
// object a line, or a single object.
//
// Real results are untidy, and what they leave out is not a fault: the last
// step is often hop 255 (the probe gave up stepping and tried the target once
// more), late packets carry no RTT, several addresses answer at one hop, a hop
// or a whole result may hold nothing but errors ("no route seen").
//
// Source: the RIPE Atlas documentation of result formats, firmware 1 to 5000+.
package ripeatlas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/model"
)

// result is one measurement's result.
type result struct {
	Type      string          `json:"type"`
	From      string          `json:"from"`
	Source    string          `json:"src_addr"`
	Target    string          `json:"dst_addr"`
	Name      string          `json:"dst_name"`
	Probe     json.Number     `json:"prb_id"`
	Timestamp json.RawMessage `json:"timestamp"`
	EndTime   json.RawMessage `json:"endtime"`
	Results   json.RawMessage `json:"result"`
}

// step is what was seen at one distance, or why nothing was sent.
type step struct {
	Hop    json.Number     `json:"hop"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// reply is one packet, or the lack of one ("x").
type reply struct {
	X     json.RawMessage `json:"x"`
	From  string          `json:"from"`
	RTT   json.RawMessage `json:"rtt"`
	Late  json.RawMessage `json:"late"`
	Error json.RawMessage `json:"error"`
	Err   json.RawMessage `json:"err"`
}

// Parse reads results; each is a record and a model.Path. The path's From is
// "probe-" with the probe's number.
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
	var r result
	if err := jsonscan.Unmarshal(record, &r); err != nil {
		return model.Path{}, err
	}
	if r.Type != "" && r.Type != "traceroute" {
		return model.Path{}, fmt.Errorf("type %q: only traceroute results are read", r.Type)
	}
	if r.Results == nil {
		return model.Path{}, errors.New("no \"result\": this is no traceroute result")
	}
	path := model.Path{Fleet: opt.Fleet, Producer: opt.Producer, At: opt.At,
		From: model.ServerID(first(prefixed("probe-", string(r.Probe)), r.Source, r.From)),
		To:   format.CleanAddress(first(r.Target, r.Name))}
	if path.From == "" {
		return path, errors.New("no prb_id, src_addr or from: the result's origin is unknown")
	}
	if path.To == "" {
		// A name that could not be resolved leaves no target at all.
		path.To = "unknown"
	}
	if t := first(bare(r.EndTime), bare(r.Timestamp)); t != "" {
		at, err := format.ParseTime(t)
		if err != nil {
			return path, fmt.Errorf("timestamp: %w", err)
		}
		path.At = at
	}
	hops, reached, err := steps(r.Results, path.To)
	if err != nil {
		return path, err
	}
	path.Hops, path.Reached = hops, reached
	return path, nil
}

// steps reads the hops. Entries without a hop number carry errors only.
func steps(results json.RawMessage, target string) (hops []model.Hop, reached bool, err error) {
	var list []step
	if err := jsonscan.Unmarshal(results, &list); err != nil {
		return nil, false, fmt.Errorf("result: %w", err)
	}
	var gathered format.Hops
	for i, s := range list {
		if s.Hop == "" && s.Error == nil {
			return nil, false, fmt.Errorf("result[%d] has neither \"hop\" nor \"error\": this is no traceroute result", i)
		}
		if s.Hop == "" || s.Result == nil {
			continue
		}
		ttl, err := strconv.Atoi(string(s.Hop))
		if err != nil || ttl < 0 || ttl > 255 {
			return nil, false, fmt.Errorf("hop %q: want a number from 0 to 255", string(s.Hop))
		}
		if err := format.CheckLine(s.Result); err != nil {
			return nil, false, fmt.Errorf("hop %d: %w", ttl, err)
		}
		var replies []reply
		if err := jsonscan.Unmarshal(s.Result, &replies); err != nil {
			return nil, false, fmt.Errorf("hop %d: %w", ttl, err)
		}
		for i := range replies {
			reached = answer(&gathered, ttl, &replies[i], target) || reached
		}
	}
	return gathered.List(), reached, gathered.Check()
}

// answer notes one reply and tells whether the target itself answered.
func answer(hops *format.Hops, ttl int, p *reply, target string) bool {
	if p.From == "" {
		// "x" is a time-out; an error or a packet that could not be sent is a loss too.
		if p.X != nil || p.Error != nil || p.Err != nil {
			hops.Lose(ttl)
		}
		return false
	}
	rtt := -1.0
	if p.Late == nil {
		if v, err := strconv.ParseFloat(string(bytes.Trim(p.RTT, `"`)), 64); err == nil {
			rtt = v
		}
	}
	hops.Answer(ttl, p.From, rtt)
	return format.CleanAddress(p.From) == target
}

// bare returns a time as it stands, without the quotes that some archives add.
func bare(raw json.RawMessage) string {
	if string(raw) == "null" {
		return ""
	}
	return string(bytes.Trim(raw, `"`))
}

// first returns the first text that isn't empty.
func first(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
