package linker

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"drover/internal/model"
)

var parentCases = []struct{ name, spans, want string }{
	{"client and server spans", `
		a - server web -
		b a client web app
		c b server app -
		d c client app db error`, "app>db 1/1, web>app 1/0"},
	{"no kinds at all", `
		a - - web -
		b a - web -
		c b - app -
		d c - db -`, "app>db 1/0, web>app 1/0"},
	{"local spans between", `
		a - server web -
		b a local web -
		c b local web -
		d c server app -`, "web>app 1/0"},
	{"a span between that does not say its service", `
		a - server web -
		b a client - -
		c b server app -`, "web>app 1/0"},
	{"a service that calls itself", `
		a - server app -
		b a client app app
		c b server app -`, "app>app 1/0"},
	{"a local child of its own service is no call", `
		a - server app -
		b a local app -
		c a server app -`, ""},
	{"an error that only the client saw", `
		a - client web app error
		b a server app -`, "web>app 1/1"},
	{"a shared id", `
		a - server web -
		b a client web app
		b a server app - shared
		c b client app db`, "app>db 1/0, web>app 1/0"},
	{"a message with both ends", `
		a - producer shop kafka
		b a consumer mail kafka`, "shop>mail 1/0"},
	{"a message with one end", `
		a - producer shop kafka
		b x consumer mail kafka`, "kafka>mail 1/0, shop>kafka 1/0"},
	{"a client without peer", `a - client web -`, ""},
	{"a root server that knows its client", `a - server app web`, "web>app 1/0"},
	{"a repeat", `
		a - client web -
		b a server app -
		b a server app -`, "web>app 1/0"},
	{"parents in a circle without service", `
		a b client - -
		b a client - -`, ""},
	{"its own parent", `a a server app -`, ""},
	{"an orphan", `b a server app -`, ""},
}

func TestParentRule(t *testing.T) {
	for _, c := range parentCases {
		t.Run(c.name, func(t *testing.T) {
			spans := trace(c.spans)
			r := rand.New(rand.NewPCG(1, 1))
			for range 5 {
				before := slices.Clone(spans)
				if calls, _ := Parents(spans); edges(calls) != c.want {
					t.Errorf("edges %q, want %q", edges(calls), c.want)
				}
				if !slices.Equal(before, spans) {
					t.Error("the input was changed")
				}
				r.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
			}
		})
	}
}

func TestPeersWithoutServiceName(t *testing.T) {
	for _, c := range []struct {
		span model.Span
		want model.ApplicationID
		ok   bool
	}{
		{model.Span{DatabaseSystem: "postgresql", PeerAddress: "10.0.0.1:5432"}, "postgresql", true},
		{model.Span{MessagingSystem: "kafka"}, "kafka", true},
		{model.Span{Peer: "cart", DatabaseSystem: "redis"}, "cart", true},
		{model.Span{PeerAddress: "cart:7070"}, "cart", true},
		{model.Span{PeerAddress: "api.example.com"}, "api.example.com", true},
		{model.Span{PeerAddress: "10.0.0.1:80"}, "", false},
		{model.Span{PeerAddress: "[::1]:80"}, "", false},
		{model.Span{PeerAddress: "fe80::1"}, "", false},
		{model.Span{}, "", false},
	} {
		if got, ok := peerOf(&c.span); got != c.want || ok != c.ok {
			t.Errorf("%+v: %q %v, want %q %v", c.span, got, ok, c.want, c.ok)
		}
	}
}

func TestCallCarriesItsSpan(t *testing.T) {
	spans := trace("a - client web -\nb a server app - error")
	spans[1].RequestBytes, spans[1].ResponseBytes, spans[1].Producer = 10, 20, "otel"
	calls, _ := Parents(spans)
	c := calls[0]
	if c.At != 1_700_000_000_001 || c.SpanID != "7/b" || c.Origin != model.Observed || c.RequestBytes != 10 ||
		c.ResponseBytes != 20 || c.Producer != "otel" || c.Errors != 1 || !slices.Equal(c.DurationMicros, []uint64{1000}) {
		t.Errorf("%+v", c)
	}
}

// arrival is when the spans of the window's tests arrive.
const arrival = model.Instant(1_700_000_000_000)

func TestWindowLinksQuietTraces(t *testing.T) {
	w := NewWindow(WindowConfig{Quiet: 10 * time.Second})
	spans := trace("a - client web -\nb a server app -")
	w.Add(arrival, spans[0])
	w.Add(arrival.Add(5*time.Second), spans[1])
	if calls := w.Due(arrival.Add(12 * time.Second)); len(calls) != 0 {
		t.Errorf("too early: %s", edges(calls))
	}
	if calls := w.Due(arrival.Add(15 * time.Second)); edges(calls) != "web>app 1/0" {
		t.Errorf("edges %q", edges(calls))
	}
	if w.Held() != 0 || len(w.Due(arrival.Add(time.Hour))) != 0 {
		t.Error("linked twice")
	}
	w.Add(arrival.Add(20*time.Second), trace("c b server db web")[0])
	if calls := w.Drain(); edges(calls) != "web>db 1/0" || w.Counts().Late != 1 || w.Counts().Orphans != 1 {
		t.Errorf("a late span: %q, counts %+v", edges(calls), w.Counts())
	}
}

func TestWindowClosesEndlessTracesAndStaysBounded(t *testing.T) {
	w := NewWindow(WindowConfig{Longest: time.Minute, MaxSpans: 10})
	at := arrival
	for range 8 {
		at = at.Add(9 * time.Second)
		w.Add(at, trace("a - client web app")[0])
	}
	if calls := w.Due(at); edges(calls) != "web>app 1/0" {
		t.Errorf("an endless trace: %q", edges(calls))
	}
	linked := 0
	for i := range 1000 {
		s := trace("a - client web app")[0]
		s.TraceID = "x" + string(rune('A'+i))
		linked += len(w.Add(at, s))
		if w.Held() > 10 {
			t.Fatalf("%d spans held", w.Held())
		}
		if i%100 == 0 {
			linked += len(w.Due(at))
		}
	}
	if linked += len(w.Drain()); linked != 1000 {
		t.Errorf("%d of 1000 traces linked", linked)
	}
}

func TestWindowDoesNotBelieveImpossibleClocks(t *testing.T) {
	w := NewWindow(WindowConfig{})
	for i, shift := range []time.Duration{-40 * 365 * 24 * time.Hour, 2 * time.Minute, -30 * time.Minute} {
		s := trace("a - client web app")[0]
		s.TraceID = string(rune('a' + i))
		s.StartMicros += shift.Microseconds()
		w.Add(arrival, s)
	}
	calls := w.Drain()
	if calls[0].At != arrival || calls[1].At != arrival || calls[2].At != arrival.Add(-30*time.Minute+time.Millisecond) {
		t.Errorf("times %v %v %v", calls[0].At, calls[1].At, calls[2].At)
	}
	if w.Counts().ImpossibleClock != 2 || len(calls[0].DurationMicros) != 1 {
		t.Errorf("counts %+v, call %+v", w.Counts(), calls[0])
	}
}

func FuzzRules(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	f.Add([]byte{1, 2, 33, 64, 2, 1, 99, 12, 2, 1, 34, 140})
	names := []model.ApplicationID{"", "web", "App", "db"}
	ids := []string{"", "a", "b", "c", "0", "0a", "d"}
	f.Fuzz(func(t *testing.T, data []byte) {
		var spans []model.Span
		for ; len(data) >= 4; data = data[4:] {
			spans = append(spans, model.Span{Fleet: "f", TraceID: string('0' + data[0]>>6), ID: ids[int(data[0]&63)%len(ids)],
				ParentID: ids[int(data[1])%len(ids)], Kind: model.SpanKind(data[2] % 6), Service: names[data[2]>>3&3],
				Peer: names[data[2]>>5&3], Instance: string(names[data[3]&3]), Error: data[3]&4 != 0, Shared: data[3]&8 != 0,
				StartMicros: int64(data[3]>>4) - 1, DurationMicros: int64(data[1]>>4) - 1})
		}
		for _, rule := range []Rule{Zipkin, Parents} {
			calls, counts := rule(spans)
			// A span makes at most two calls.
			if len(calls) > 2*len(spans) || counts.Spans > uint64(len(spans)) {
				t.Fatalf("%d calls of %d spans", len(calls), len(spans))
			}
			for _, c := range calls {
				if c.Caller == "" || c.Callee == "" || c.Calls != 1 || c.Errors > 1 {
					t.Fatalf("call %+v", c)
				}
			}
		}
	})
}
