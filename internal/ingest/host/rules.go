package host

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"drover/internal/model"
)

// Process is one running process as the operating system tells of it.
type Process struct {
	ID int32
	// Started is when it began, in milliseconds of the clock: with ID it names
	// the process, since numbers are used again.
	Started int64
	// Command is the command's name, Arguments its whole command line, Cgroup
	// its control group (Linux).
	Command, Arguments, Cgroup string
	// CPUSeconds is the CPU time since it began, children not counted.
	CPUSeconds float64
	// MemoryBytes is what it holds of the memory, its part of shared pages where
	// that is known.
	MemoryBytes float64
	// Network names the network that it sees; empty where that is the machine's
	// own, whose bytes can't be told apart by process. Receive and Transmit are
	// that network's bytes so far.
	Network           string
	Receive, Transmit float64
}

// ProcessRules say which application a process belongs to.
type ProcessRules struct{ rules []processRule }

// processRule is one rule; every pattern it has must match.
type processRule struct {
	app                        string
	command, arguments, cgroup *regexp.Regexp
}

// builtIn are the rules behind those of a file: services of systemd are
// applications of their names, those of the system itself are none.
var builtIn = []processRule{{
	app:    "${1}",
	cgroup: regexp.MustCompile(`(?:^|/)system\.slice/(?:[^/]*\.slice/)*([^/]+)\.service(?:/|$)`),
}}

// systemUnits are not what anybody plans.
var systemUnits = regexp.MustCompile(`^(systemd-.*|dbus|cron|getty@.*|serial-getty@.*|user@.*|polkit|rsyslog|ssh|sshd|snapd|udisks2|ModemManager|NetworkManager|unattended-upgrades)$`)

// ReadProcessRules reads a rules file: a list "applications" of rules with app,
// the application's name, and at least one of command, arguments and cgroup,
// regular expressions that must match in the command's name (whole), the command
// line and the control group (anywhere). app may use groups of the last of these
// that is given, as ${1} or ${name}. The first rule that matches counts; the
// empty app leaves a process out.
func ReadProcessRules(data []byte) (*ProcessRules, error) {
	var file struct {
		Applications []struct {
			App       string `yaml:"app"`
			Command   string `yaml:"command"`
			Arguments string `yaml:"arguments"`
			Cgroup    string `yaml:"cgroup"`
		} `yaml:"applications"`
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("process rules: %w", err)
	}
	r := &ProcessRules{}
	for i, a := range file.Applications {
		if err := r.Add(a.App, a.Command, a.Arguments, a.Cgroup); err != nil {
			return nil, fmt.Errorf("process rules: applications[%d]: %w", i, err)
		}
	}
	return r, nil
}

// Add adds a rule behind those that are there; empty patterns don't count.
func (r *ProcessRules) Add(app, command, arguments, cgroup string) error {
	if command == "" && arguments == "" && cgroup == "" {
		return errors.New("want command, arguments or cgroup")
	}
	rule := processRule{app: app}
	if command != "" {
		command = "^(?:" + command + ")$"
	}
	for _, p := range []struct {
		name, pattern string
		into          **regexp.Regexp
	}{{"command", command, &rule.command}, {"arguments", arguments, &rule.arguments}, {"cgroup", cgroup, &rule.cgroup}} {
		if p.pattern == "" {
			continue
		}
		compiled, err := regexp.Compile(p.pattern)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		*p.into = compiled
	}
	r.rules = append(r.rules, rule)
	return nil
}

// Application returns the application of a process; ok is false where no rule
// names one.
func (r *ProcessRules) Application(p *Process) (model.ApplicationID, bool) {
	for i := range r.rules {
		if app, ok := r.rules[i].match(p); ok {
			return model.ApplicationID(app), app != ""
		}
	}
	for i := range builtIn {
		if app, ok := builtIn[i].match(p); ok {
			return model.ApplicationID(app), !systemUnits.MatchString(app)
		}
	}
	return "", false
}

// match returns the application that the rule gives.
func (r *processRule) match(p *Process) (app string, ok bool) {
	app = r.app
	for _, part := range []struct {
		pattern *regexp.Regexp
		text    string
	}{{r.command, p.Command}, {r.arguments, p.Arguments}, {r.cgroup, p.Cgroup}} {
		if part.pattern == nil {
			continue
		}
		groups := part.pattern.FindStringSubmatchIndex(part.text)
		if groups == nil {
			return "", false
		}
		app = string(part.pattern.ExpandString(nil, r.app, part.text, groups))
	}
	return strings.TrimSpace(app), true
}
