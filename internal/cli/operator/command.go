// Package operator holds the commands that ask a running Drover and give it
// orders over its HTTP API: get, describe, explain, plan, and the orders.
package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/cli/client"
)

// session is what every command here is made of.
type session struct {
	flags  client.Flags
	output string
	at     string
	watch  bool
	// resource and hours are those of a series that is meant; empty, 0: the server's.
	resource string
	hours    int
	*client.Client
}

// Commands returns the commands.
func Commands() []*cobra.Command {
	out := append([]*cobra.Command{getCommand(), describeCommand(), explainCommand(), planCommand(), updateCommand(), contextCommand()}, orderCommands(true)...)
	for _, c := range out {
		refuseEmpty(c)
	}
	return out
}

// refuseEmpty makes a command, and all below it, refuse an empty argument, as a
// script's unset variable leaves it: it would end up in the path of a request, and
// an optional name would be taken for none.
func refuseEmpty(c *cobra.Command) {
	for _, below := range c.Commands() {
		refuseEmpty(below)
	}
	check := c.Args
	c.Args = func(c *cobra.Command, args []string) error {
		for i, arg := range args {
			if strings.TrimSpace(arg) == "" {
				return cli.Usage(fmt.Errorf("argument %d of %d is empty: want %s (lists: drover get --help)",
					i+1, len(args), c.UseLine()))
			}
		}
		if check == nil {
			return nil
		}
		return check(c, args)
	}
}

// register adds the flags that all commands share.
func (s *session) register(c *cobra.Command) {
	s.flags.Register(c.Flags())
	c.Flags().StringVarP(&s.output, "output", "o", "table", "table, wide, json or yaml")
}

func (s *session) registerRead(c *cobra.Command) {
	s.register(c)
	c.Flags().StringVar(&s.at, "at", "", "as it was at this time: RFC 3339, or how long ago (2h)")
	c.Flags().BoolVarP(&s.watch, "watch", "w", false, "go on and show what changes")
}

// open connects and finds the fleet.
func (s *session) open(ctx context.Context) error {
	if err := s.connect(); err != nil {
		return err
	}
	return s.Resolve(ctx)
}

// connect makes the client.
func (s *session) connect() error {
	if !slices.Contains([]string{"table", "wide", "json", "yaml"}, s.output) {
		return cli.Usage(fmt.Errorf("-o %s: want table, wide, json or yaml", s.output))
	}
	var err error
	s.Client, err = s.flags.Open()
	return err
}

// query returns the query for a read; a duration in --at counts back from the
// fleet's present, which need not be the clock's.
func (s *session) query(ctx context.Context) (url.Values, error) {
	q := url.Values{}
	if s.at == "" {
		return q, nil
	}
	back, err := time.ParseDuration(strings.TrimPrefix(s.at, "-"))
	if err != nil {
		q.Set("at", s.at)
		return q, nil
	}
	var f struct {
		Now time.Time `json:"now"`
	}
	if err := s.Get(ctx, s.Path(), nil, &f); err != nil {
		return nil, err
	}
	q.Set("at", f.Now.Add(-back).Format(time.RFC3339))
	return q, nil
}

// loop shows once, or with --watch again and again until ctx ends.
func (s *session) loop(ctx context.Context, w io.Writer, show func(io.Writer) error) error {
	if !s.watch {
		return show(w)
	}
	const every = 2 * time.Second
	last := ""
	for {
		var text strings.Builder
		if err := show(&text); err != nil {
			return err
		}
		if now := text.String(); now != last {
			if cli.IsTerminal(w) {
				now = "\x1b[H\x1b[2J" + now
			}
			if _, err := io.WriteString(w, now); err != nil {
				return err
			}
			last = text.String()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}

// print writes a value as JSON or YAML.
func (s *session) print(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	if s.output == "yaml" {
		if text, err = yaml.JSONToYAML(text); err != nil {
			return fmt.Errorf("output: %w", err)
		}
	}
	_, err = fmt.Fprintln(w, strings.TrimRight(string(text), "\n"))
	return err
}

// text tells whether people are to read the output.
func (s *session) text() bool { return s.output == "table" || s.output == "wide" }
