package ripeatlas_test

import (
	"fmt"
	"strings"
	"testing"

	"drover/internal/ingest/format"
	"drover/internal/ingest/format/ripeatlas"
	"drover/internal/model"
)

// trace is a result with these hops.
func trace(hops string) string {
	return `{"type":"traceroute","fw":4970,"prb_id":9,"timestamp":1400000000,"dst_name":"a.example","dst_addr":"192.0.2.9","result":[` + hops + `]}`
}

// TestForms reads what probes of all ages write.
func TestForms(t *testing.T) {
	for _, c := range []struct{ name, record, want string }{
		{"a duplicate, labels, a late one", trace(`{"hop":1,"result":[{"from":"fe80::1","rtt":1.2,"ttl":64,"size":96,"icmpext":{"version":2,"rfc4884":0,"obj":[{"class":1,"type":1,"mpls":[{"label":16}]}]}},
			{"from":"fe80::1","late":2,"ttl":64},{"dup":true,"from":"fe80::1","rtt":1.3},{"x":"*"}]}`), "probe-9 192.0.2.9 1 fe80::1=1200 1300/1"},
		{"hop 255", trace(`{"hop":4,"result":[{"x":"*"},{"x":"*"}]},{"hop":255,"result":[{"from":"192.0.2.9","rtt":7,"ittl":244}]}`), "probe-9 192.0.2.9+ 4 =/2 255 192.0.2.9=7000/0"},
		{"errors of routers", trace(`{"hop":1,"result":[{"err":"N","from":"10.0.0.1","rtt":2},{"err":1,"from":"10.0.0.1","rtt":3,"mtu":1400,"edst":"10.1.1.1","itos":1}]}`), "probe-9 192.0.2.9 1 10.0.0.1=2000 3000/0"},
		{"errors of the probe", trace(`{"hop":1,"result":[{"error":"sendto failed"}]},{"hop":2,"error":"bind failed"},{"error":"connect failed"}`), "probe-9 192.0.2.9 1 =/1"},
		{"several addresses", trace(`{"hop":1,"result":[{"from":"10.0.0.1","rtt":1},{"from":"::ffff:10.0.0.2","rtt":2},{"from":"10.0.0.1","rtt":3}]}`), "probe-9 192.0.2.9 1 10.0.0.1=1000 3000/0 1 10.0.0.2=2000/0"},
		{"nothing known of a packet", trace(`{"hop":1,"result":[{"from":"10.0.0.1","rtt":null,"ttl":null,"size":null},{}]}`), "probe-9 192.0.2.9 1 10.0.0.1=/0"},
		{"no hops", trace(""), "probe-9 192.0.2.9"},
		{"a clock that runs backwards", trace(`{"hop":1,"result":[{"from":"10.0.0.1","rtt":-0.05}]}`), "probe-9 192.0.2.9 1 10.0.0.1=/0"},
		{"no such name", `{"type":"traceroute","prb_id":9,"timestamp":1400000000,"dst_name":"a.example","result":[{"error":"name resolution failed"}]}`, "probe-9 a.example"},
		{"no type, no probe, time as text", `{"src_addr":"10.0.0.5","endtime":"2014-05-13T16:53:20Z","timestamp":1,"dst_addr":"192.0.2.9","result":null}`, "10.0.0.5 192.0.2.9"},
	} {
		got := ""
		out := format.NewOut(func(e any) { got = written(e.(model.Path)) })
		ripeatlas.Parse([]byte(c.record), format.Options{}, out)
		if got != c.want || !out.OK() {
			t.Errorf("%s: %s (%v), want %s", c.name, got, out.First, c.want)
		}
	}
}

// written puts a path on one line; all those of TestForms are of one second.
func written(p model.Path) string {
	text := string(p.From) + " " + p.To
	if p.Reached {
		text += "+"
	}
	if p.At != 1400000000_000 {
		text += " at " + p.At.String()
	}
	for _, h := range p.Hops {
		text += fmt.Sprintf(" %d %s=%s/%d", h.TTL, h.Address, strings.Trim(fmt.Sprint(h.RTTMicros), "[]"), h.Lost)
	}
	return text
}

// TestOtherMeasurements refuses what is no traceroute, with the reason.
func TestOtherMeasurements(t *testing.T) {
	for record, want := range map[string]string{
		`{"type":"ping","prb_id":1,"result":[{"rtt":10.1},{"x":"*"}]}`:            `type "ping": only traceroute`,
		`{"type":"dns","prb_id":1,"resultset":[{"subid":1}]}`:                     `type "dns"`,
		`{"type":"dns","prb_id":1,"result":{"ANCOUNT":1,"rt":4.5}}`:               `type "dns"`,
		`{"type":"sslcert","cert":["x"],"prb_id":3,"rt":1}`:                       `type "sslcert"`,
		`{"type":"http","prb_id":3,"result":[{"rt":1.2,"res":200}]}`:              `type "http"`,
		`{"type":"ntp","prb_id":3,"result":[{"rtt":1.2,"offset":0.1}]}`:           `type "ntp"`,
		`{"prb_id":1,"dst_addr":"192.0.2.9","result":[{"rtt":10.1},{"x":"*"}]}`:   `result[0] has neither "hop" nor "error"`,
		`{"prb_id":1,"result":{"rt":4.5}}`:                                        "result: found an object, want a list",
		`{"prb_id":1,"result":"00 11 22"}`:                                        "result: found a text, want a list",
		`{"prb_id":1,"timestamp":"noon","result":[]}`:                             "timestamp: ",
		`{"prb_id":1,"result":[{"hop":300,"result":[]}]}`:                         `hop "300": want a number from 0 to 255`,
		`{"prb_id":1,"result":[{"hop":3,"result":{"x":"*"}}]}`:                    "hop 3: found an object, want a list",
		`{"type":"traceroute","result":[]}`:                                       "no prb_id, src_addr or from",
		`{"type":"traceroute","prb_id":1}`:                                        `no "result"`,
		`{"error":{"status":404,"title":"Not Found"}}`:                            `no "result"`,
		`{"count":1,"next":null,"previous":null,"results":[{"id":1}]}`:            `no "result"`,
		`{"type":"traceroute","prb_id":1,"result":[{"hop":1,"result":[{"x":"*"}]`: "value has no end",
	} {
		out := format.NewOut(func(any) { t.Errorf("%s: an event of it", record) })
		ripeatlas.Parse([]byte(record), format.Options{}, out)
		if out.Rejected != 1 || !strings.Contains(out.First.Error(), want) {
			t.Errorf("%s: %d refused, %v; want %q", record, out.Rejected, out.First, want)
		}
	}
}
