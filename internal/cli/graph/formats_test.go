package graph

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestBuildOfEachFormat(t *testing.T) {
	for _, c := range []struct{ format, want string }{
		{"zipkin", "basket>kafka 1/0 0 0, basket>redis 1/1 9 9, kafka>mail 1/0 0 0, mail>mail 1/0 2 2, shop>basket 1/0 36 36"},
		{"jaeger", "basket>postgresql 1/0 8 8, shop>basket 1/1 36 36"},
		{"otlp-traces", "basket>postgresql 1/0 8 8, shop>basket 1/1 36 36"},
	} {
		out, _, err := run(t, "build", "--format", c.format, "testdata/"+c.format+".json", "-o", "json")
		if err != nil {
			t.Errorf("%s: %v", c.format, err)
			continue
		}
		var r result
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		var edges []string
		for _, e := range r.Edges {
			edges = append(edges, fmt.Sprintf("%s>%s %d/%d %g %g", e.Caller, e.Callee, e.Calls, e.Errors, e.P50, e.P95))
		}
		if got := strings.Join(edges, ", "); got != c.want {
			t.Errorf("%s: %s, want %s", c.format, got, c.want)
		}
	}
}
