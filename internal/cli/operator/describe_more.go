package operator

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"drover/internal/cli"
	"drover/internal/web/api"
)

// describable lists what describe knows.
var describable = []string{"server", "application", "plan", "update", "execution", "forecast", "deadletter"}

// describeMore describes what is no part of the fleet itself.
func (s *session) describeMore(ctx context.Context, w io.Writer, q url.Values, kind, name string) error {
	switch kind {
	case "execution", "executions":
		var e api.Execution
		if err := s.Get(ctx, s.Path("executions", name), q, &e); err != nil {
			return err
		}
		if !s.text() {
			return s.print(w, e)
		}
		return describeExecution(w, &e, s.output == "wide")
	case "forecast", "forecasts", "series":
		return s.explainForecast(ctx, w, name, "")
	case "deadletter", "deadletters":
		var l api.DeadLetter
		if err := s.Get(ctx, s.Path(append([]string{"deadletters"}, strings.Split(name, "/")...)...), nil, &l); err != nil {
			return err
		}
		if !s.text() {
			return s.print(w, l)
		}
		return describeLetter(w, &l)
	}
	return cli.Usage(fmt.Errorf("%q: want one of %s", kind, strings.Join(describable, ", ")))
}

// describeExecution shows every step that was done for a plan.
func describeExecution(w io.Writer, e *api.Execution, wide bool) error {
	fmt.Fprintf(w, "plan %s: %s, %d of %d moved, %s of %s copied\n", e.ID, stateOf(&e.PlanRow), e.Moved, e.Moves, bytesOf(e.DoneBytes), bytesOf(e.DataBytes))
	if e.Ending != "" {
		fmt.Fprintln(w, wrap(e.Ending))
	}
	fmt.Fprintln(w)
	names := map[int]string{}
	for _, m := range e.Rows {
		names[m.Index] = string(m.Replica)
	}
	t := cli.NewTable(w, wide, "BEGAN", "TOOK", "REPLICA", "STEP", "STATE", "REASON")
	for _, st := range e.Steps {
		took, kind := "-", string(st.Kind)
		if st.Ended != 0 {
			took = st.Ended.Sub(st.Started).Truncate(time.Second).String()
		}
		if st.Attempt > 1 {
			kind += fmt.Sprintf(" (try %d)", st.Attempt)
		}
		t.Add(st.Started.Time().Format("15:04:05"), took, names[st.Move], kind, st.State, st.Reason)
	}
	if err := t.Write(w); err != nil {
		return err
	}
	for _, left := range e.Left {
		fmt.Fprintf(w, "to do by hand: %s\n", left)
	}
	return nil
}

// describeLetter shows why a record was refused, and its bytes.
func describeLetter(w io.Writer, l *api.DeadLetter) error {
	fmt.Fprintf(w, "dead letter %s, refused by %s\n%s\n", l.ID, l.Stage, wrap(cli.Clean(l.Class+": "+l.Message)))
	fmt.Fprintf(w, "written   %s\nkey       %s\n", l.At, cli.Clean(l.Key))
	names := make([]string, 0, len(l.Headers))
	for name := range l.Headers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(w, "header    %s: %s\n", cli.Clean(name), cli.Clean(l.Headers[name]))
	}
	fmt.Fprintf(w, "bytes     %d\n\n", l.Bytes)
	if printable(l.Value) {
		fmt.Fprintln(w, string(l.Value))
	} else {
		fmt.Fprint(w, hex.Dump(l.Value))
	}
	if l.Cut {
		fmt.Fprintf(w, "... the whole: drover deadletter show %s --brokers HOST:PORT\n", l.ID)
	}
	return nil
}

// printable tells whether bytes are a text that does a terminal no harm.
func printable(b []byte) bool {
	return utf8.Valid(b) && strings.IndexFunc(string(b), func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\t' }) < 0
}
