package actuator_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/model"
)

func TestHandOvers(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		taken []bool // answers, the last one again and again
		tries []error
		want  string
		ok    bool
	}{
		"at once":             {[]bool{false}, []error{nil}, "try", true},
		"finished":            {[]bool{true}, nil, "finish", true},
		"at the second":       {[]bool{false}, []error{broken, nil}, "try try", true},
		"given back":          {[]bool{false}, []error{broken, broken, broken}, "try try try back", false},
		"half way, then done": {[]bool{false, true}, []error{broken}, "try finish", true},
		"taken at the last":   {[]bool{false, false, false, true}, []error{broken, broken, broken}, "try try try", false},
	} {
		var did []string
		asked, tried := 0, 0
		h := actuator.HandOver{
			Tries: 3, Back: time.Second,
			Taken: func(context.Context) (bool, error) {
				answer := c.taken[min(asked, len(c.taken)-1)]
				asked++
				return answer, nil
			},
			Try:      func(context.Context) error { did = append(did, "try"); tried++; return c.tries[tried-1] },
			Finish:   func(context.Context) error { did = append(did, "finish"); return nil },
			GiveBack: func(context.Context) error { did = append(did, "back"); return nil },
		}
		err := h.Run(t.Context())
		if got := strings.Join(did, " "); got != c.want || (err == nil) != c.ok {
			t.Errorf("%s: did %q (%v), want %q", name, got, err, c.want)
		}
	}
}

func TestNothingIsDoneAfterTheDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
	defer cancel()
	deadline, _ := ctx.Deadline()
	back := time.Time{}
	h := actuator.HandOver{
		Back:  time.Second,
		Taken: func(ctx context.Context) (bool, error) { return false, ctx.Err() },
		Try:   func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		GiveBack: func(ctx context.Context) error {
			back = time.Now()
			return ctx.Err()
		},
	}
	if err := h.Run(ctx); err == nil || back.IsZero() || back.After(deadline) {
		t.Errorf("%v, given back %v before the deadline", err, deadline.Sub(back))
	}
	// A process that was stopped past the deadline gives nothing back.
	back = time.Time{}
	h.Try = func(context.Context) error {
		time.Sleep(time.Until(deadline) + 10*time.Millisecond)
		return errors.New("late")
	}
	if err := h.Run(ctx); err == nil || !back.IsZero() {
		t.Errorf("%v, given back at %v", err, back)
	}
}

func TestBothLocates(t *testing.T) {
	c := actuator.Command{Move: model.Move{Replica: "db/0", From: "a", To: "b"}}
	locate := func(r model.ReplicaID, s model.ServerID) (string, error) {
		if s == "c" {
			return "", errors.New("no such server")
		}
		return fmt.Sprint(r, "@", s), nil
	}
	if from, to, err := actuator.Both(&c, "redis", locate); err != nil || from != "db/0@a" || to != "db/0@b" {
		t.Errorf("%q %q %v", from, to, err)
	}
	c.Move.To = "c"
	if _, _, err := actuator.Both(&c, "redis", locate); err == nil || err.Error() != "redis db/0 on server c: no such server" {
		t.Errorf("%v", err)
	}
}
