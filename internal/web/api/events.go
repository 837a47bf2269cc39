package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

// Cadence of the event stream.
const (
	lookEvery   = 250 * time.Millisecond
	alive       = 15 * time.Second
	writeWithin = 10 * time.Second
)

// EventsPath is where the event stream is.
const EventsPath = base + "/events"

// Changed is the data of a change event.
type Changed struct {
	Fleet    model.FleetID     `json:"fleet"`
	Now      model.Instant     `json:"now"`
	Sections map[string]uint64 `json:"sections" doc:"The new versions of the sections that changed."`
}

// events streams what changes: which sections have new versions, at most four
// times a second, and the lines that tell people what happened. The id of each
// event is that of the newest line, so that a reader who comes back misses none
// that are still kept.
func (s *Server) events(c *call) (any, error) {
	if c.fleet == "" {
		return nil, badRequest("fleet: needed, for example %s/events?fleet=demo", base)
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	st := &streamer{server: s, call: c, control: http.NewResponseController(c.w), sent: map[readmodel.Section]uint64{}}
	if text := c.r.Header.Get("Last-Event-ID"); text != "" {
		st.line, _ = strconv.ParseUint(text, 10, 64) // not ours: from the beginning
	} else {
		s.Model.View(c.fleet, func(f *readmodel.Fleet) { st.line = f.LineSeq() })
	}
	st.run()
	return nil, errServed
}

// streamer is one reader.
type streamer struct {
	server  *Server
	call    *call
	control *http.ResponseController
	sent    map[readmodel.Section]uint64
	line    uint64
}

func (st *streamer) run() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	seen, quiet := uint64(0), time.Duration(0)
	for {
		var err error
		switch now := st.server.Model.Changes(); {
		case now != seen:
			seen, quiet = now, 0
			err = st.tell()
		case quiet >= alive:
			quiet = 0
			err = st.send(": alive\n\n")
		}
		if err != nil {
			return // the reader has gone
		}
		select {
		case <-st.call.r.Context().Done():
			return
		case <-st.server.Ended:
			return
		case <-tick.C:
			quiet += lookEvery
		}
	}
}

// tell sends what is new.
func (st *streamer) tell() error {
	change := Changed{Fleet: st.call.fleet, Sections: map[string]uint64{}}
	var lines []readmodel.Line
	st.server.Model.View(st.call.fleet, func(f *readmodel.Fleet) {
		change.Now = f.Now
		for _, section := range readmodel.Sections() {
			if v := f.Version(section); v != st.sent[section] {
				st.sent[section] = v
				change.Sections[string(section)] = v
			}
		}
		for _, l := range f.Lines {
			if l.Seq > st.line {
				lines = append(lines, l)
			}
		}
	})
	text := ""
	for _, l := range lines {
		st.line = l.Seq
		text += st.event("line", Line(l))
	}
	if len(change.Sections) > 0 {
		text += st.event("change", change)
	}
	if text == "" {
		return nil
	}
	return st.send(text)
}

func (st *streamer) event(kind string, data any) string {
	body, err := json.Marshal(data)
	if err != nil {
		st.server.Log.Error("event can't be written", "kind", kind, "error", err)
		return ""
	}
	return fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", st.line, kind, body)
}

// send writes within a time: a reader who takes nothing is let go.
func (st *streamer) send(text string) error {
	_ = st.control.SetWriteDeadline(time.Now().Add(writeWithin)) // not every writer has deadlines
	if _, err := fmt.Fprint(st.call.w, text); err != nil {
		return err
	}
	return st.control.Flush()
}
