package haproxy_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/internal/actuator/haproxy"
)

// answers is a runtime socket that answers by the order's beginning.
func answers(t *testing.T, by map[string]string) (p *haproxy.Proxy, orders func() []string) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var mu sync.Mutex
	var seen []string
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(conn).ReadString('\n')
			mu.Lock()
			seen = append(seen, strings.TrimSpace(line))
			mu.Unlock()
			for begins, answer := range by {
				if strings.HasPrefix(line, begins) {
					fmt.Fprint(conn, answer)
				}
			}
			conn.Close()
		}
	}()
	return &haproxy.Proxy{Address: "unix:" + path, Timeout: time.Second}, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
}

// stat is a shortened answer of HAProxy 2.6.
const stat = `# pxname,svname,scur,stot,econ,eresp,hrsp_5xx,status,uweight,ttime,
in,FRONTEND,3,90,,,0,OPEN,,,
db,a,3,80,1,2,4,UP,50,7,
db,b,0,0,0,0,,MAINT,100,0,
db,c,1,5,0,0,0,DRAIN,0,0,
db,d,0,0,0,0,0,DOWN,100,0,
db,e,0,0,0,0,0,no check,1,0,
`

func TestState(t *testing.T) {
	p, _ := answers(t, map[string]string{"show stat": stat})
	for server, want := range map[string]actuator.RouteState{
		"a": {Admission: actuator.Open, WeightPPM: 500_000, Sessions: 3, Requests: 80, Errors: 7, ResponseMicros: 7000, Healthy: true},
		"b": {Admission: actuator.Closed, WeightPPM: 1_000_000},
		"c": {Admission: actuator.Draining, Sessions: 1, Requests: 5, Healthy: true},
		"d": {Admission: actuator.Open, WeightPPM: 1_000_000},
		"e": {Admission: actuator.Open, WeightPPM: 10_000, Healthy: true},
	} {
		got, err := p.State(t.Context(), actuator.Route{Backend: "db", Server: server})
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", server, got, err, want)
		}
	}
	if _, err := p.State(t.Context(), actuator.Route{Backend: "db", Server: "z"}); err == nil || !strings.Contains(err.Error(), "db/z") {
		t.Errorf("a server that isn't there: %v", err)
	}
}

func TestOrders(t *testing.T) {
	p, orders := answers(t, map[string]string{"set server db/none": "No such server.\n\n", "shutdown": "\n"})
	r := actuator.Route{Backend: "db", Server: "a"}
	for _, err := range []error{
		p.Admit(t.Context(), r, actuator.Draining), p.Weight(t.Context(), r, 1_000_000), p.Weight(t.Context(), r, 1), p.Cut(t.Context(), r),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := "set server db/a state drain|set server db/a weight 100|set server db/a weight 1|shutdown sessions server db/a"
	if got := strings.Join(orders(), "|"); got != want {
		t.Errorf("orders %s, want %s", got, want)
	}
	if err := p.Admit(t.Context(), actuator.Route{Backend: "db", Server: "none"}, actuator.Open); err == nil || !strings.Contains(err.Error(), "No such server") {
		t.Errorf("a refusal is taken for success: %v", err)
	}
}

func TestNobodyAnswers(t *testing.T) {
	p := &haproxy.Proxy{Address: "unix:" + filepath.Join(t.TempDir(), "none")}
	if err := p.Cut(context.Background(), actuator.Route{}); err == nil {
		t.Error("an order to nobody succeeds")
	}
}
