package kubernetes_test

import (
	"strings"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/kubernetes"
	"drover/internal/model"
)

// read returns "name xreplicas" of each application, and the counts.
func read(text string) (string, *format.Out) {
	var list []string
	out := format.NewOut(func(e any) {
		a := e.(model.Application)
		list = append(list, string(a.ID)+strings.Repeat("*", a.Replicas))
	})
	kubernetes.Parse([]byte(text), format.Options{}, out)
	return strings.Join(list, " "), out
}

const widget = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: [1], labels: x}, spec: {replicas: many, template: a.tmpl, containers: 3}}"

func deployment(name, replicas string) string {
	return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: " + name + "}, spec: {replicas: " + replicas + ", template: {spec: {containers: [{name: a}]}}}}"
}

func TestKinds(t *testing.T) {
	const pod = `{"metadata":{"generateName":"web-"},"spec":{"containers":[{"name":"a"}]}}`
	for _, c := range []struct {
		name, text, want string
		rejected         int
		fault            string
	}{
		{"another kind may have any fields", "---\n" + widget + "\n---\n" + deployment("d", "2"), "d**", 0, ""},
		{"also in a list", "apiVersion: v1\nkind: List\nitems:\n- " + widget + "\n- " + deployment("d", "2") + "\n", "d**", 0, ""},
		{"also as JSON", `{"apiVersion":"v1","kind":"Widget","spec":{"replicas":"many"},"metadata":{"name":1}}`, "", 0, ""},
		{"one fault in a list", "apiVersion: v1\nkind: List\nitems:\n- " + deployment("bad", "two") + "\n- " + deployment("d", "1") + "\n", "d*", 1, `items[0]: yaml: line 4: found "two", want a whole number`},
		{"one fault in a list as JSON", `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"bad"},"spec":{"replicas":"2"}}]}`, "", 1, "items[0]: spec.replicas: found a text, want a whole number"},
		{"a list of one kind", "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- {metadata: {name: d}, spec: {replicas: 2, template: {spec: {containers: [{name: a}]}}}}\n", "d**", 0, ""},
		{"a list of one kind as JSON", `{"apiVersion":"v1","kind":"PodList","items":[` + pod + `]}`, "web*", 0, ""},
		{"an item without kind in a plain list", "apiVersion: v1\nkind: List\nitems: [{metadata: {name: d}}]\n", "", 1, "items[0]: no kind or apiVersion"},
		{"a template that was not rendered", "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n", "", 1, "want a text"},
	} {
		got, out := read(c.text)
		if got != c.want || out.Rejected != c.rejected || c.fault != "" && !strings.Contains(out.First.Error(), c.fault) {
			t.Errorf("%s: %q, %d rejected (%v), want %q, %d, %s", c.name, got, out.Rejected, out.First, c.want, c.rejected, c.fault)
		}
	}
}
