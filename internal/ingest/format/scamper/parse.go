// Package scamper reads the JSON lines of scamper: traces (type "trace") and
// load balancer traces ("tracelb"), between cycle-start and cycle-stop lines,
// and M-Lab's metadata line before them.
//
// Silent hops are left out by scamper and show as missing distances; IPv4
// addresses may be written within IPv6; some producers leave a comma before a
// closing bracket.
package scamper

import (
	"encoding/json"
	"errors"
	"fmt"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/jsonscan"
	"drover/internal/model"
)

// record holds the fields of all kinds of lines.
type record struct {
	Type       string          `json:"type"`
	Source     string          `json:"src"`
	Target     string          `json:"dst"`
	StopReason string          `json:"stop_reason"`
	Start      stamp           `json:"start"`
	Attempts   int             `json:"attempts"`
	Hops       []hop           `json:"hops"`
	Nodes      []node          `json:"nodes"`
	UUID       *string         `json:"UUID"`
	Version    json.RawMessage `json:"TracerouteCallerVersion"`
}

type stamp struct {
	Seconds int64 `json:"sec"`
	Micros  int64 `json:"usec"`
}

type hop struct {
	Address string   `json:"addr"`
	TTL     int      `json:"probe_ttl"`
	RTT     *float64 `json:"rtt"`
}

// node is a router of a tracelb; links[d] are the links at d+1 hops behind it.
type node struct {
	Address string   `json:"addr"`
	Links   [][]link `json:"links"`
}

type link struct {
	Address string `json:"addr"`
	Probes  []struct {
		TTL     int `json:"ttl"`
		Replies []struct {
			RTT float64 `json:"rtt"`
		} `json:"replies"`
	} `json:"probes"`
}

// Parse reads lines; each trace is a record and a model.Path. The other known
// lines are read without being counted: they hold no result.
func Parse(data []byte, opt format.Options, out *format.Out) {
	jsonscan.Records(data, out, func(raw []byte, line int) {
		var r record
		err := jsonscan.Unmarshal(raw, &r)
		if err == nil {
			err = read(&r, opt, out)
		}
		if err != nil {
			out.Reject(fmt.Errorf("line %d: %w", line, err))
		}
	})
}

func read(r *record, opt format.Options, out *format.Out) error {
	switch r.Type {
	case "":
		if r.UUID == nil && r.Version == nil {
			return errors.New("no \"type\": this is no line of scamper's")
		}
		if r.UUID == nil || *r.UUID == "" {
			return errors.New("the metadata line has no UUID")
		}
		return nil
	case "cycle-start", "cycle-stop":
		return nil
	case "trace", "tracelb":
	default:
		return fmt.Errorf("type %q: want trace, tracelb, cycle-start or cycle-stop", r.Type)
	}
	path := model.Path{Fleet: opt.Fleet, Producer: opt.Producer, At: opt.At,
		From: model.ServerID(format.CleanAddress(r.Source)), To: format.CleanAddress(r.Target)}
	if path.From == "" || path.To == "" {
		return errors.New("src and dst must not be empty")
	}
	if r.Start.Seconds > 0 {
		path.At = model.Instant(r.Start.Seconds*1000 + r.Start.Micros/1000)
	}
	var hops format.Hops
	var err error
	if r.Type == "trace" {
		err = trace(r, &hops)
	} else {
		err = tracelb(r, &hops)
	}
	if err = errors.Join(err, hops.Check()); err != nil {
		return err
	}
	path.Hops = hops.List()
	path.Reached = r.StopReason == "COMPLETED" || answered(path)
	out.Record(path)
	return nil
}

// trace reads the hops of a trace; distances that are missing were silent.
func trace(r *record, hops *format.Hops) error {
	last := 0
	for i, h := range r.Hops {
		if h.TTL < 1 || h.TTL > 255 {
			return fmt.Errorf("hops[%d].probe_ttl %d: want a number from 1 to 255", i, h.TTL)
		}
		for ttl := last + 1; last > 0 && ttl < h.TTL; ttl++ {
			for range max(r.Attempts, 1) {
				hops.Lose(ttl)
			}
		}
		last = max(last, h.TTL)
		rtt := -1.0
		if h.RTT != nil {
			rtt = *h.RTT
		}
		hops.Answer(h.TTL, h.Address, rtt)
	}
	return nil
}

// tracelb reads the links behind each node as hops.
func tracelb(r *record, hops *format.Hops) error {
	for i, n := range r.Nodes {
		for _, links := range n.Links {
			for _, l := range links {
				for _, p := range l.Probes {
					if p.TTL < 1 || p.TTL > 255 {
						return fmt.Errorf("nodes[%d]: ttl %d: want a number from 1 to 255", i, p.TTL)
					}
					if l.Address == "*" {
						hops.Lose(p.TTL)
						continue
					}
					for _, reply := range p.Replies {
						hops.Answer(p.TTL, l.Address, reply.RTT)
					}
				}
			}
		}
	}
	return nil
}

// answered tells whether the target is among the hops.
func answered(p model.Path) bool {
	for _, h := range p.Hops {
		if h.Address == p.To {
			return true
		}
	}
	return false
}
