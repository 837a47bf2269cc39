package linker

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"drover/internal/model"
)

var kindOf = map[string]model.SpanKind{"-": model.SpanUnspecified, "local": model.SpanInternal, "client": model.SpanClient,
	"server": model.SpanServer, "producer": model.SpanProducer, "consumer": model.SpanConsumer}

// trace reads spans, one a line: id, parent, kind, service, peer, and then any
// of "error" and "shared"; "-" stands for nothing.
func trace(text string) []model.Span {
	field := func(s string) string { return strings.TrimPrefix(s, "-") }
	var spans []model.Span
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		spans = append(spans, model.Span{Fleet: "f", TraceID: "7", ID: f[0], ParentID: field(f[1]), Kind: kindOf[f[2]],
			Service: model.ApplicationID(field(f[3])), Peer: model.ApplicationID(field(f[4])),
			Error: slices.Contains(f[5:], "error"), Shared: slices.Contains(f[5:], "shared"),
			StartMicros: 1_700_000_000_000_000, DurationMicros: 1000})
	}
	return spans
}

// edges sums calls to "caller>callee calls/errors", sorted.
func edges(calls []model.Call) string {
	type sum struct{ calls, errors uint64 }
	sums := map[string]sum{}
	for _, c := range calls {
		key := fmt.Sprintf("%s>%s", c.Caller, c.Callee)
		s := sums[key]
		sums[key] = sum{s.calls + c.Calls, s.errors + c.Errors}
	}
	var list []string
	for key, s := range sums {
		list = append(list, fmt.Sprintf("%s %d/%d", key, s.calls, s.errors))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// zipkinCases hold the behaviour that Zipkin's own tests state of its linker.
var zipkinCases = []struct{ name, spans, want string }{
	{"a client, its shared server half and a database", `
		c b client app db error
		b a server app web shared
		b a client web app
		a - server web -`, "app>db 1/1, web>app 1/0"},
	{"the shared half does not know its parent", `
		b - server link arn shared
		b a client arn link
		a - server arn -`, "arn>link 1/0"},
	{"the shared half's client was lost", `
		c b client app db error
		b - server app web shared
		a - server web -`, "app>db 1/1, web>app 1/0"},
	{"the shared flag was forgotten", `
		a - client web -
		a - server app -
		b a client app db`, "app>db 1/0, web>app 1/0"},
	{"a consumer knows its broker", `
		a - producer shop -
		b a consumer mail kafka`, "kafka>mail 1/0"},
	{"a producer knows its broker", `
		a - producer shop kafka
		b a consumer mail -`, "shop>kafka 1/0"},
	{"both know the broker", `
		a - producer shop kafka error
		b a consumer mail kafka`, "kafka>mail 1/0, shop>kafka 1/1"},
	{"two brokers", `
		a - producer shop kafka1
		b a consumer mail kafka2`, "kafka2>mail 1/0, shop>kafka1 1/0"},
	{"no broker, no link", `
		a - producer shop -
		b a consumer mail -`, ""},
	{"a server below a producer is a remote call", `
		a - producer shop -
		b a server app -`, "shop>app 1/0"},
	{"a server that shares a producer's id", `
		a - producer shop -
		a - server app - shared`, "shop>app 1/0"},
	{"a client does not link to a consumer", `
		a - client shop -
		b a consumer mail -`, ""},
	{"a root server that knows its client", `a - server app web`, "web>app 1/0"},
	{"a shared client on its own", `a - client web app shared`, "web>app 1/0"},
	{"clients that do not know their own name", `
		a - server web -
		b a client - app
		c a client - app`, "web>app 2/0"},
	{"client and server with ids of their own", `
		a - client web -
		b a server app -`, "web>app 1/0"},
	{"an error on both sides counts once", `
		a - client web - error
		b a server app - error`, "web>app 1/1"},
	{"an error on the client's side only", `
		a - client web - error
		b a server app -`, "web>app 1/1"},
	{"an error on the client's half of a shared span only is not the server's", `
		a - client web - error
		a - server app - shared`, "web>app 1/0"},
	{"an error on both halves of a shared span counts once", `
		a - client web - error
		a - server app - error shared`, "web>app 1/1"},
	{"the server's name is preferred to the client's for it", `
		a - client web alias
		b a server app -`, "web>app 1/0"},
	{"one client, two servers", `
		a - client web app
		b a server app web error
		c a server app web`, "web>app 2/1"},
	{"clients below a local span, named as their servers", `
		a - server web -
		b a - - -
		c b client app -
		d b client app -`, "web>app 2/0"},
	{"their errors are not known to be the calls'", `
		a - server web -
		b a - - -
		c b client app - error
		d b client app - error`, "web>app 2/0"},
	{"clients in another service than their ancestor", `
		a - server foo -
		b a - - -
		c b client bar baz error
		d b client bar baz`, "bar>baz 2/1, foo>bar 2/0"},
	{"a parent that is not there", `c b client foo bar error`, "foo>bar 1/1"},
	{"loopback from the server's side", `a - server app app`, "app>app 1/0"},
	{"loopback from the client's side", `a - client app app`, "app>app 1/0"},
	{"spans of no kind that know both sides", `
		a - - some-client web
		b a - web app error
		c b - app db`, "app>db 1/0, some-client>web 1/0, web>app 1/1"},
	{"a local span between", `
		a - server web -
		b a local web -
		c b client web db`, "web>db 1/0"},
	{"a root of neither name", `a - server - -`, ""},
	{"a root server alone", `a - server app -`, ""},
	{"a root server that does not know itself", `a - server - web`, ""},
	{"a root client of neither name", `a - client - -`, ""},
	{"a root client alone", `a - client web -`, ""},
	{"a root client that does not know itself", `a - client - app`, ""},
	{"siblings whose root was lost are not linked", `
		b a server app -
		c a server db -`, ""},
	{"children are linked though the root was lost", `
		b a server app -
		c b server db -`, "app>db 1/0"},
	{"a call whose own span was lost", `
		a - server web -
		b a client app -`, "web>app 1/0"},
	{"names are lower case, ids padded or not", `
		000000000000000a - client Web -
		B 0a server APP -`, "web>app 1/0"},
	{"a span that was reported in two parts", `
		a - client web -
		a - - web app error`, "web>app 1/1"},
	{"two servers answered one shared id", `
		a - client web -
		a - server app1 - shared
		a - server app2 - shared
		b a client app1 db
		c a client app2 cache`, "app1>db 1/0, app2>cache 1/0, web>app1 1/0, web>app2 1/0"},
	{"a span that is its own parent", `a a server app web`, "web>app 1/0"},
	{"parents in a circle", `
		a b server app web
		b a server web app`, ""},
	{"a span without id", `0 - server app web`, ""},
}

func TestZipkinRule(t *testing.T) {
	for _, c := range zipkinCases {
		t.Run(c.name, func(t *testing.T) {
			spans := trace(c.spans)
			before := slices.Clone(spans)
			calls, counts := Zipkin(spans)
			if got := edges(calls); got != c.want {
				t.Errorf("edges %q, want %q", got, c.want)
			}
			if !reflect.DeepEqual(spans, before) {
				t.Error("the input was changed")
			}
			if counts.Calls != uint64(len(calls)) {
				t.Errorf("%d calls counted, %d made", counts.Calls, len(calls))
			}
			// Reporting is asynchronous: any order gives the same edges, as long as
			// only one span claims to be the root.
			if strings.Count(c.spans, " - client")+strings.Count(c.spans, " - server")+strings.Count(c.spans, " - producer") > 1 {
				return
			}
			r := rand.New(rand.NewPCG(1, 1))
			for range 5 {
				r.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
				if calls, _ := Zipkin(spans); edges(calls) != c.want {
					t.Errorf("in another order: %q, want %q", edges(calls), c.want)
				}
			}
		})
	}
}

func TestPartsOfOneEndpointAreJoined(t *testing.T) {
	for _, c := range []struct {
		one, two string
		want     uint64 // duplicates
	}{{"", "10.0.0.1", 1}, {"10.0.0.1", "10.0.0.1:80", 1}, {"10.0.0.1:80", "10.0.0.1:81", 0}, {"10.0.0.1", "10.0.0.12", 0}} {
		spans := trace("a - client web -\na - - web app")
		spans[0].Instance, spans[1].Instance = c.one, c.two
		if _, counts := Zipkin(spans); counts.Duplicates != c.want {
			t.Errorf("%q and %q: %d joined, want %d", c.one, c.two, counts.Duplicates, c.want)
		}
	}
}

func TestZipkinCountsWhatItSees(t *testing.T) {
	spans := trace(`
		a - server web -
		b a client web db
		b a client web db
		c x client web cache
		d a - - -`)
	spans[3].StartMicros, spans[4].DurationMicros = 0, -1
	spans[1].StartMicros += 900
	spans[2].StartMicros += 900
	_, counts := Zipkin(spans)
	want := Counts{Spans: 5, Traces: 1, Calls: 2, Inferred: 2, Orphans: 1, Duplicates: 1, MissingKind: 1, NoService: 1,
		ImpossibleClock: 2, OutsideParent: 1}
	if counts != want {
		t.Errorf("counts %+v\nwant   %+v", counts, want)
	}
}

func TestTracesAreApart(t *testing.T) {
	one, two := trace(`a - client web -`), trace(`b a server app -`)
	two[0].TraceID = "8"
	if calls, _ := Zipkin(append(one, two...)); len(calls) != 0 {
		t.Errorf("linked across traces: %s", edges(calls))
	}
	two[0].TraceID, two[0].Fleet = "7", "other"
	if calls, _ := Parents(append(trace(`a - client web -`), two...)); len(calls) != 0 {
		t.Errorf("linked across fleets: %s", edges(calls))
	}
}
