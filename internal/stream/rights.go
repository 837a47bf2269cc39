package stream

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Right is one thing that a service may do.
type Right struct {
	Service    string // also the name of its user
	Resource   string // "topic", "group", "transactional-id", "cluster"
	Name       string // the broker's
	Prefixed   bool   // the name is a prefix
	Operations []string
}

// Rights returns the least that each service needs, from the table of topics,
// and nothing more.
func Rights(prefix string) []Right {
	var out []Right
	for _, service := range []string{Ingest, Forecaster, Planner, Executor, Operator} {
		out = append(out, topicRights(prefix, service)...)
		out = append(out, groupRights(prefix, service)...)
	}
	return out
}

func topicRights(prefix, service string) []Right {
	operations := map[string][]string{}
	for _, t := range topology {
		var ops []string
		if slices.Contains(t.Readers, service) {
			ops = append(ops, "Read")
		}
		if slices.Contains(t.Writers, service) {
			ops = append(ops, "Write")
		}
		if service == Operator { // `drover topics apply|check`
			ops = append(ops, "Create", "Alter", "AlterConfigs", "DescribeConfigs")
		}
		if len(ops) > 0 {
			operations[t.Name] = append(ops, "Describe")
		}
	}
	var out []Right
	for _, name := range slices.Sorted(maps.Keys(operations)) {
		out = append(out, Right{Service: service, Resource: "topic", Name: prefix + name, Operations: operations[name]})
	}
	return out
}

func groupRights(prefix, service string) []Right {
	switch service {
	case Forecaster:
		return []Right{{Service: service, Resource: "group", Name: prefix + service, Operations: []string{"Read", "Describe"}}}
	case Planner, Executor:
		return []Right{
			{Service: service, Resource: "group", Name: prefix + service, Operations: []string{"Read", "Describe"}},
			{Service: service, Resource: "transactional-id", Name: prefix + service + "-", Prefixed: true, Operations: []string{"Write", "Describe"}},
		}
	case Operator:
		return []Right{{Service: service, Resource: "group", Name: prefix, Prefixed: true, Operations: []string{"Describe"}}}
	}
	return nil
}

// ACLScript returns kafka-acls commands that grant Rights to users that are
// called like the services.
func ACLScript(prefix string) string {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n# Made by `drover topics acls` from the table of topics; do not edit.\n# BOOTSTRAP and ADMIN (a properties file) say where and as whom.\nset -eu\n")
	for _, r := range Rights(prefix) {
		fmt.Fprintf(&b, "kafka-acls.sh --bootstrap-server \"$BOOTSTRAP\" --command-config \"$ADMIN\" --add --allow-principal User:%s", r.Service)
		for _, op := range r.Operations {
			fmt.Fprintf(&b, " --operation %s", op)
		}
		fmt.Fprintf(&b, " --%s %s", r.Resource, r.Name)
		if r.Prefixed {
			b.WriteString(" --resource-pattern-type prefixed")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TopicScript returns kafka-topics commands that create the topics.
func TopicScript(prefix string, plan Plan) string {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n# Made by `drover topics script` from the table of topics; do not edit.\n# BOOTSTRAP and ADMIN (a properties file) say where and as whom.\nset -eu\n")
	for _, t := range topology {
		fmt.Fprintf(&b, "kafka-topics.sh --bootstrap-server \"$BOOTSTRAP\" --command-config \"$ADMIN\" --create --if-not-exists --topic %s%s --partitions %d",
			prefix, t.Name, plan.Partitions.Of(t))
		if plan.Replicas > 0 {
			fmt.Fprintf(&b, " --replication-factor %d", plan.Replicas)
		}
		configs := plan.configs(t)
		for _, key := range slices.Sorted(maps.Keys(configs)) {
			fmt.Fprintf(&b, " --config %s=%s", key, configs[key])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Table returns the table of topics in Markdown.
func Table(prefix string, partitions Partitions) string {
	var b strings.Builder
	b.WriteString("| topic | key after the fleet | parted by | partitions | events | written by | read by | kept | why |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, t := range topology {
		kept := "compacted"
		if !t.Compacted {
			kept = fmt.Sprintf("%d days", int(t.Retention/day))
		}
		fmt.Fprintf(&b, "| %s%s | %s | %s | %d | %s | %s | %s | %s | %s |\n", prefix, t.Name, t.Key, t.Parting, partitions.Of(t),
			strings.Join(t.Events, ", "), strings.Join(t.Writers, ", "), strings.Join(t.Readers, ", "), kept, t.Why)
	}
	return b.String()
}
