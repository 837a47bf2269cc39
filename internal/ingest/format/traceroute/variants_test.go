package traceroute_test

import (
	"fmt"
	"strings"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/traceroute"
	"drover/internal/model"
)

// paths parses a text and writes each path on one line: target, + if reached,
// then each hop as ttl address=times/lost.
func paths(text string) (string, *format.Out) {
	var b strings.Builder
	out := format.NewOut(func(e any) {
		p := e.(model.Path)
		b.WriteString(p.To)
		if p.Reached {
			b.WriteString("+")
		}
		for _, h := range p.Hops {
			fmt.Fprintf(&b, " %d %s=%s/%d", h.TTL, h.Address, strings.Trim(fmt.Sprint(h.RTTMicros), "[]"), h.Lost)
		}
		b.WriteString("\n")
	})
	traceroute.Parse([]byte(text), format.Options{}, out)
	return b.String(), out
}

const linux = "traceroute to 192.0.2.9 (192.0.2.9), 30 hops max, 60 byte packets\n"
const windows = "\r\nTracing route to 192.0.2.9 over a maximum of 30 hops\r\n\r\n"

func TestVariants(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"several addresses, silence, notes",
			linux + " 1  a (10.0.0.1)  5.1 ms b (10.0.0.2)  5.2 ms  5.3 ms\n 2  * * *\n 3  10.0.0.9 (10.0.0.9)  9.1 ms !H  9.2 ms !X *\n 4  192.0.2.9 (192.0.2.9)  11 ms !<10>  11 ms  11 ms\n",
			"192.0.2.9+ 1 10.0.0.1=5100/0 1 10.0.0.2=5200 5300/0 2 =/3 3 10.0.0.9=9100 9200/1 4 192.0.2.9=11000 11000 11000/0\n"},
		{"AS numbers", linux + " 1  a (10.0.0.1) [*]  1 ms  2 ms  2 ms\n 2  x (10.0.0.2) [AS15169]  1 ms y (10.0.0.3) [AS15169/AS3356]  2 ms  3 ms\n",
			"192.0.2.9 1 10.0.0.1=1000 2000 2000/0 2 10.0.0.2=1000/0 2 10.0.0.3=2000 3000/0\n"},
		{"AS numbers in front", "traceroute to 192.0.2.9 (192.0.2.9), 64 hops max, 52 byte packets\n 1  [AS0] gw (10.0.0.1)  1 ms  2 ms  2 ms\n",
			"192.0.2.9 1 10.0.0.1=1000 2000 2000/0\n"},
		{"labels of MPLS", linux + " 1  a (10.0.0.1) <MPLS:L=24001,E=0,S=1,T=1>  1 ms <MPLS:L=1,E=0,S=0,T=1/L=2,E=0,S=1,T=1>  2 ms  3 ms\n",
			"192.0.2.9 1 10.0.0.1=1000 2000 3000/0\n"},
		{"size of the path, way back, TCP", linux + " 1  10.0.0.1 (10.0.0.1)  1 ms F=1500  2 ms  2 ms\n 2  10.0.0.2 (10.0.0.2) '-5'  3 ms  3 ms  3 ms\n 3  192.0.2.9 (192.0.2.9) <syn,ack>  4 ms  4 ms  4 ms\n",
			"192.0.2.9+ 1 10.0.0.1=1000 2000 2000/0 2 10.0.0.2=3000 3000 3000/0 3 192.0.2.9=4000 4000 4000/0\n"},
		{"version 6", "traceroute6 to a.example (2001:db8::9) from 2001:db8::5, 64 hops max, 28 byte packets\n 1  fe80::1%eth0 (fe80::1%eth0)  1 ms  1 ms  1 ms\n 2  2001:db8:0::9  2 ms  2 ms  2 ms\n",
			"2001:db8::9+ 1 fe80::1=1000 1000 1000/0 2 2001:db8::9=2000 2000 2000/0\n"},
		{"a warning in front", "traceroute: Warning: a.example has multiple addresses; using 192.0.2.9\ntraceroute to a.example (192.0.2.9), 64 hops max, 52 byte packets\n 1  192.0.2.9 (192.0.2.9)  1 ms\n    192.0.2.8 (192.0.2.8)  2 ms *\n",
			"192.0.2.9+ 1 192.0.2.9=1000/1 1 192.0.2.8=2000/0\n"},
		{"a date in front", "Thu Nov 26 22:00:01 UTC 2026\n" + linux + " 1  10.0.0.1 (10.0.0.1)  1 ms  1 ms  1 ms\n", "192.0.2.9 1 10.0.0.1=1000 1000 1000/0\n"},
		{"units without space", "traceroute to 192.0.2.9 (192.0.2.9), 64 hops max\n  1   10.0.0.1  0.312ms  0.291ms  0.285ms \n  2   *  *  * \n",
			"192.0.2.9 1 10.0.0.1=312 291 285/0 2 =/3\n"},
		{"a router's own", "Tracing the route to 192.0.2.9\n\n  1 10.0.0.1 4 msec 4 msec 0 msec\n  2 192.0.2.9 8 msec *  8 msec\n",
			"192.0.2.9+ 1 10.0.0.1=4000 4000 0/0 2 192.0.2.9=8000 8000/1\n"},
		{"cut off", linux + " 1  10.0.0.1 (10.0.0.1)  1 ms  0.2", "192.0.2.9 1 10.0.0.1=1000/0\n"},
		{"no route", "traceroute to 192.0.2.9 (192.0.2.9), 64 hops max, 40 byte packets\n 1 traceroute: sendto: No route to host\ntraceroute: wrote 192.0.2.9 40 chars, ret=-1\n",
			"192.0.2.9 1 =/1\n"},
		{"Windows", windows + "  1    <1 ms    <1 ms     1 ms  gw [10.0.0.1] \r\n  2     *        *        *     Request timed out.\r\n  3     5 ms     6 ms     *     192.0.2.9 \r\n\r\nTrace complete.\r\n",
			"192.0.2.9+ 1 10.0.0.1=500 500 1000/0 2 =/3 3 192.0.2.9=5000 6000/1\n"},
		{"Windows, refused by a router", windows + "  1  gw [10.0.0.1]  reports: Destination host unreachable.\r\n\r\nTrace complete.\r\n", "192.0.2.9 1 10.0.0.1=/0\n"},
		{"Windows, nothing sent", windows + "  1  General failure.\r\n\r\nTrace complete.\r\n", "192.0.2.9 1 =/1\n"},
	} {
		got, out := paths(c.text)
		if got != c.want || !out.OK() {
			t.Errorf("%s:\ngot  %swant %s(%v)", c.name, got, c.want, out.First)
		}
	}
}

func TestWhatIsNoTraceroute(t *testing.T) {
	for text, want := range map[string]string{
		"traceroute: unknown host nosuch.example\n":                   `the first line is "traceroute: unknown host nosuch.example"`,
		"nosuch.example: Name or service not known\nCannot handle\n":  `the first line is "nosuch.example: Name or service`,
		" 1?: [LOCALHOST]   pmtu 1500\n 1:  gw   0.5ms \n":            "no traceroute found",
		"Start: now\nHOST: h  Loss%   Snt\n  1.|-- 10.0.0.1   0.0%\n": "no traceroute found",
		"":                               "empty input",
		linux + " 1  one two three\n":    "line 2: hop 1 has no address, time or *",
		linux + " 2  * * *\n 1  * * *\n": "line 3: hop 1 after hop 2",
		linux + " 999  10.0.0.1  1 ms\n": "line 2: hop 999 after hop 0",
	} {
		if got, out := paths(text); got != "" || out.First == nil || !strings.Contains(out.First.Error(), want) {
			t.Errorf("%q: %q, %v, want %q", text, got, out.First, want)
		}
	}
}
