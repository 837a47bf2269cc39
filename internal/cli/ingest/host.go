package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drover/internal/cli"
	"drover/internal/ingest/host"
	"drover/internal/ingest/pull"
	"drover/internal/model"
)

// probe is what `drover ingest host` reports.
type probe struct {
	name      string
	every     time.Duration
	once      bool
	targets   []string
	rulesFile string
	apps      []string // NAME=COMMAND
	usage     *host.Usage
}

func hostCommand() *cobra.Command {
	var sink doorSink
	var tokenFile string
	var p probe
	cmd := &cobra.Command{
		Use:   "host [--to URL]",
		Short: "Report this machine, its applications and its routes",
		Long: `Report this machine's CPU, memory and network, what the applications on it use,
and the routes from it, once a minute, so that a machine can feed a fleet without
other tools. Counters are sent raw; without --to the events are printed.

A process belongs to the application that the first matching rule names: the
rules of --app and --processes, then the service of systemd that it runs in. A
rules file (regular expressions; ${1} is a group of the last one):

  applications:
    - {app: db, command: "postgres|postmaster"}       # the command's whole name
    - {app: "${1}", arguments: "-jar .*/([a-z]+)\\.jar"} # anywhere in the line
    - {app: "${1}", cgroup: "/docker/([a-z]+)"}        # anywhere in the group
    - {app: "", command: "node_exporter"}             # left out`,
		Example: `  drover ingest host --once
  drover ingest host --to http://drover:8080 --token-file /etc/drover.token --app db=postgres --app web=nginx
  drover ingest host --to http://drover:8080 --processes rules.yaml --trace db-7.example`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.open(); err != nil {
				return err
			}
			if err := sink.open(cmd, tokenFile); err != nil {
				return err
			}
			return p.run(cmd, &sink)
		},
	}
	sink.bind(cmd, &tokenFile)
	f := cmd.Flags()
	f.StringVar(&p.name, "name", "", "this server's name (default the host name)")
	f.DurationVar(&p.every, "every", time.Minute, "how often")
	f.StringSliceVar(&p.targets, "trace", nil, "hosts to trace routes to")
	f.StringVar(&p.rulesFile, "processes", "", "file of rules that say which application a process belongs to")
	f.StringArrayVar(&p.apps, "app", nil, "NAME=COMMAND: processes of that command are of this application (repeatable)")
	f.BoolVar(&p.once, "once", false, "report once and end")
	return cmd
}

// open checks the flags and reads the rules.
func (p *probe) open() error {
	if p.every < time.Second {
		return cli.Usage(fmt.Errorf("--every %v: want at least 1s", p.every))
	}
	if p.name == "" {
		own, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("--name: %w", err)
		}
		p.name = own
	}
	rules := &host.ProcessRules{}
	if p.rulesFile != "" {
		data, err := os.ReadFile(p.rulesFile)
		if err != nil {
			return fmt.Errorf("--processes: %w", err)
		}
		if rules, err = host.ReadProcessRules(data); err != nil {
			return fmt.Errorf("--processes %s: %w", p.rulesFile, err)
		}
	}
	for _, pair := range p.apps {
		app, command, _ := strings.Cut(pair, "=")
		if app == "" || command == "" {
			return cli.Usage(fmt.Errorf("--app %q: want NAME=COMMAND", pair))
		}
		if err := rules.Add(app, command, "", ""); err != nil {
			return cli.Usage(fmt.Errorf("--app %q: %w", pair, err))
		}
	}
	p.usage = host.NewUsage(model.ServerID(p.name), rules)
	return nil
}

// run reports until the command is to end. What can't be measured is told, and
// the rest is sent.
func (p *probe) run(cmd *cobra.Command, sink pull.Sink) error {
	ticker := time.NewTicker(p.every)
	defer ticker.Stop()
	for {
		err := p.report(cmd.Context(), sink)
		if p.once {
			return err
		}
		if err != nil && cmd.Context().Err() == nil {
			fmt.Fprintln(cmd.ErrOrStderr(), err)
		}
		select {
		case <-cmd.Context().Done():
			return nil
		case <-ticker.C:
		}
	}
}

// report measures once and sends it.
func (p *probe) report(ctx context.Context, sink pull.Sink) error {
	server, at := model.ServerID(p.name), model.InstantOf(time.Now())
	var list []any
	metric, err := host.Read(os.DirFS("/proc"), server, at)
	if err == nil {
		list = append(list, metric)
	}
	processes, scanErr := host.Scan(ctx)
	if scanErr == nil {
		for _, m := range p.usage.Look(processes, at) {
			list = append(list, m)
		}
	}
	err = errors.Join(err, scanErr)
	for _, target := range p.targets {
		path, traceErr := host.Trace(ctx, server, target, model.InstantOf(time.Now()))
		if traceErr != nil {
			err = errors.Join(err, traceErr)
			continue
		}
		list = append(list, path)
	}
	if len(list) == 0 {
		return err
	}
	return errors.Join(err, sink.Publish(ctx, list))
}
