package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"drover/internal/model"
	"drover/internal/web/readmodel"
)

// maxLetters bounds how many dead letters one request deals with.
const maxLetters = 100

func (s *Server) deadletters(c *call) (any, error) {
	var all []DeadLetter
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		for _, l := range slices.Backward(f.Letters) {
			if c.holds(l.Message, l.Class, l.Topic, l.Stage, string(l.Key)) {
				all = append(all, letterOf(&l))
			}
		}
	})
	return paged(c, all)
}

func (s *Server) deadletter(c *call) (any, error) {
	id := strings.Join([]string{c.r.PathValue("topic"), c.r.PathValue("partition"), c.r.PathValue("offset")}, "/")
	var found *DeadLetter
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		if l := letterNamed(f, id); l != nil {
			letter := letterOf(l)
			found = &letter
		}
	})
	if found == nil {
		return nil, c.noLetter(id)
	}
	return *found, nil
}

func (c *call) noLetter(id string) error {
	return notFound("no dead letter %q in fleet %s: it may have been dealt with; GET %s/fleets/%s/deadletters lists what there is", id, c.fleet, base, c.fleet)
}

func letterNamed(f *readmodel.Fleet, id string) *readmodel.Letter {
	i := slices.IndexFunc(f.Letters, func(l readmodel.Letter) bool { return l.ID() == id })
	if i < 0 {
		return nil
	}
	return &f.Letters[i]
}

func letterOf(l *readmodel.Letter) DeadLetter {
	out := DeadLetter{ID: l.ID(), Topic: l.Topic, Partition: l.Partition, Offset: l.Offset, At: l.At, Stage: l.Stage, Class: l.Class,
		Message: l.Message, Key: readable(l.Key), Value: l.Value, Bytes: l.Bytes, Cut: l.Cut}
	for name, value := range l.Headers {
		if out.Headers == nil {
			out.Headers = map[string]string{}
		}
		out.Headers[name] = readable(value)
	}
	return out
}

// readable returns bytes as text, or in Go's notation where they are none.
func readable(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return fmt.Sprintf("%q", b)
}

// dealWithLetters replays or drops dead letters, after the audit log has who did
// it to which.
func (s *Server) dealWithLetters(c *call) (any, error) {
	var body LetterOrder
	if err := decode(c.r, &body); err != nil {
		return nil, err
	}
	action := path.Base(c.route.Path)
	switch {
	case len(body.IDs) == 0:
		return nil, badRequest("ids: is empty: want those of the dead letters to %s", action)
	case len(body.IDs) > maxLetters:
		return nil, badRequest("ids: %d of them, more than %d", len(body.IDs), maxLetters)
	case len(body.Comment) > maxComment:
		return nil, badRequest("comment: %d bytes, more than %d", len(body.Comment), maxComment)
	case s.Letters == nil:
		return nil, conflict("this server only shows dead letters; use `drover deadletter %s`", action)
	}
	before, now, err := s.lettersBefore(c, body.IDs)
	if err != nil {
		return nil, err
	}
	after, err := json.Marshal(struct {
		Letters []string `json:"letters"`
		Comment string   `json:"comment,omitempty"`
	}{body.IDs, body.Comment})
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if err := s.audited(c, now, action, "deadletter/"+body.IDs[0], before, string(after)); err != nil {
		return nil, err
	}
	do := map[string]func(context.Context, model.FleetID, []string) error{"replay": s.Letters.Replay, "drop": s.Letters.Drop}[action]
	if err := do(c.r.Context(), c.fleet, body.IDs); err != nil {
		if errors.Is(err, ErrNoLetter) {
			return nil, conflict("%v; somebody else may have dealt with it", err)
		}
		s.Log.Error("dead letters", "action", action, "fleet", c.fleet, "error", err)
		return nil, &Failure{Status: http.StatusBadGateway, Message: err.Error()}
	}
	return LettersDone{Fleet: c.fleet, Action: action, IDs: body.IDs, By: c.who.Name, At: now}, nil
}

// lettersBefore says why each of the letters was refused, and what time it is.
func (s *Server) lettersBefore(c *call, ids []string) (before string, now model.Instant, err error) {
	var lines []string
	s.Model.View(c.fleet, func(f *readmodel.Fleet) {
		now = f.Now
		for i, id := range ids {
			l := letterNamed(f, id)
			switch {
			case l == nil:
				err = c.noLetter(id)
				return
			case slices.Contains(ids[:i], id):
				err = badRequest("ids: %q stands there twice", id)
				return
			}
			lines = append(lines, id+" "+l.Class+": "+l.Message)
		}
	})
	return strings.Join(lines, "\n"), now, err
}
