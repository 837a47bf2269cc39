package reference

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drover/internal/config"
	"drover/internal/stream"
	"drover/internal/web/api"
)

// made stands at the top of every page.
const made = "<!-- Made by `drover docs reference docs/reference`; do not edit. -->\n"

// Markdown returns the pages of the reference by file name.
func Markdown(programs []*cobra.Command) (map[string][]byte, error) {
	metrics, err := metricsPage()
	if err != nil {
		return nil, err
	}
	pages := map[string]string{
		"commands.md": commandsPage(programs), "configuration.md": configurationPage(), "metrics.md": metrics,
		"topics.md": "# Topics\n\n" + stream.Table("drover.", stream.Partitions{ByKey: 6, ByFleet: 1}), "api.md": apiPage(),
	}
	out := map[string][]byte{}
	for name, text := range pages {
		out[name] = []byte(made + text)
	}
	return out, nil
}

// commandsPage lists every command of every program with its flags.
func commandsPage(programs []*cobra.Command) string {
	var b strings.Builder
	b.WriteString("# Commands\n\nExit codes: 0 done, 1 the input or the result is bad, 2 wrong usage.\n")
	for _, p := range programs {
		command(&b, p)
	}
	return b.String()
}

func command(b *strings.Builder, c *cobra.Command) {
	cobras := c.HasParent() && !c.Parent().HasParent() && (c.Name() == "help" || c.Name() == "completion")
	if c.Hidden || cobras {
		return
	}
	fmt.Fprintf(b, "\n## %s\n\n%s.\n", c.CommandPath(), strings.TrimSuffix(c.Short, "."))
	if c.Long != "" {
		fmt.Fprintf(b, "\n```text\n%s\n```\n", strings.TrimSpace(c.Long))
	}
	if c.Runnable() {
		fmt.Fprintf(b, "\nUsage: `%s`\n", c.UseLine())
	}
	if c.Example != "" {
		fmt.Fprintf(b, "\n```text\n%s\n```\n", strings.TrimRight(c.Example, "\n "))
	}
	var rows strings.Builder
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" || f.Name == "version" {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		fallback := f.DefValue
		if fallback != "" {
			fallback = "`" + fallback + "`"
		}
		fmt.Fprintf(&rows, "| `%s` | %s | %s |\n", name, fallback, cell(f.Usage))
	})
	if rows.Len() > 0 {
		b.WriteString("\n| flag | default | meaning |\n|---|---|---|\n" + rows.String())
	}
	for _, sub := range c.Commands() {
		command(b, sub)
	}
}

// cell keeps a text within one cell of a table.
func cell(s string) string { return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s) }

func configurationPage() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\nFlags win over environment variables, which win over the YAML file (`--config` or `DROVER_CONFIG`), which wins over the defaults.\n" +
		"\n| key | flag | variable | default | meaning |\n|---|---|---|---|---|\n")
	for _, k := range config.Keys() {
		fallback := fmt.Sprint(k.Default)
		if list, ok := k.Default.([]string); ok {
			fallback = strings.Join(list, ",")
		}
		if fallback != "" {
			fallback = "`" + fallback + "`"
		}
		fmt.Fprintf(&b, "| `%s` | `--%s` | `%s` | %s | %s |\n", k.Name, k.Flag, k.Variable(), fallback, cell(k.Help))
	}
	return b.String()
}

// apiPage lists the routes; the whole description is openapi.json.
func apiPage() string {
	var b strings.Builder
	b.WriteString("# HTTP API\n\nThe whole, with every type, is at `/api/v1/openapi.json` of a running server.\n\n| route | role | what | query |\n|---|---|---|---|\n")
	for _, r := range api.Routes() {
		var query []string
		for _, p := range r.Query {
			query = append(query, "`"+p.Name+"`")
		}
		fmt.Fprintf(&b, "| `%s %s` | %s | %s | %s |\n", r.Method, r.Path, r.Role, cell(r.Summary), strings.Join(slices.Compact(query), ", "))
	}
	return b.String()
}
