package main

import (
	"slices"

	"github.com/spf13/cobra"
)

// groups are the commands by what somebody is after, as help lists them.
var groups = []struct {
	title    string
	commands []string
}{
	{"See what a running Drover knows and does:", []string{"get", "describe", "explain", "watch", "plan", "doctor", "context"}},
	{"Give it orders:", []string{"approve", "reject", "pause", "resume", "stop", "kill", "revive", "drain", "undrain", "update", "deadletter"}},
	{"Ask and try, nothing is carried out:", []string{"whatif", "forecast", "graph", "solve", "backtest", "replay", "diff"}},
	{"Run it:", []string{"up", "web", "agent", "ingest", "topics", "archive", "driver", "config", "token", "health"}},
	{"Besides:", []string{"docs", "completion", "help", "version"}},
}

// group sorts the commands of root into groups.
func group(root *cobra.Command) {
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, c := range root.Commands() {
			if slices.Contains(g.commands, c.Name()) {
				c.GroupID = g.title
			}
		}
	}
	last := groups[len(groups)-1].title
	root.SetHelpCommandGroupID(last)
	root.SetCompletionCommandGroupID(last)
}
