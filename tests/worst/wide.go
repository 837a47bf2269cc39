package main

import (
	"bytes"
	"fmt"
)

// wide lists inputs that are one record of very many parts: whoever compares
// each part with each other one, or copies them for each of something else,
// never ends.
func wide() []worst {
	return []worst{
		{"prometheus", "labels", lines("a{", "l%d=\"\",", "z=\"\"} 1\n")},
		{"prometheus", "a long name", repeated("", "a", " 1\n")},
		{"openmetrics", "labels", lines("a{", "l%d=\"\",", "z=\"\"} 1\n# EOF\n")},
		{"openmetrics", "lines of labels", rows("# TYPE a gauge\n", "a{n=\"%[1]d\"", ",l%[1]d=\"\"", "} 1\n", "# EOF\n")},
		{"openmetrics", "exemplar labels", lines("# TYPE a counter\na_total 1 # {", "l%d=\"\",", "z=\"\"} 1\n# EOF\n")},
		{"influx", "tags and fields", func(size int) []byte {
			return append(lines("m", ",t%d=1", " ")(size/2), lines("", "f%d=1,", "z=1 1\n")(size/2)...)
		}},
		{"spans-csv", "one cell", repeated("TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n\"", "x\n", "\",1,,a,b,1,2,1\n")},
		{"metrics-csv", "columns", lines("time,entity,cpu", ",c%d", "\n2026-01-01,server:a,1\n")},
		{"campaigns-csv", "applications", lines("name,start,end,applications\na,2026-01-01,2026-01-02,", "b%d;", "z\n")},
		{"zipkin", "tags", lines(`[{"traceId":"1","id":"2","kind":"CLIENT","timestamp":1,"tags":{`, `"k%d":"v",`, `"z":"v"}}]`)},
		{"jaeger", "tags", lines(`{"data":[{"traceID":"1","processes":{"p1":{"serviceName":"a"}},"spans":[{"traceID":"1","spanID":"2","startTime":1,"duration":1,"processID":"p1","tags":[`,
			`{"key":"k%d","type":"string","value":"v"},`, `{"key":"z","type":"string","value":"v"}]}]}]}`)},
		{"otlp-metrics", "attributes of many points", otlpAttributes(`"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[`, `{"timeUnixNano":"1","asInt":"%d"},`, `{"timeUnixNano":"1","asInt":"1"}]}}]}]}]}`)},
		{"otlp-traces", "attributes of many spans", otlpAttributes(`"scopeSpans":[{"spans":[`, `{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"%016x","startTimeUnixNano":"1","endTimeUnixNano":"2"},`,
			`{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}`)},
		{"icalendar", "parameters", lines("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART", ";X%d=a", ":20200101T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")},
		{"ripe-atlas", "addresses at a hop", crowd(`{"type":"traceroute","prb_id":1,"dst_addr":"1.1.1.1","result":[{"hop":1,"result":[`, `{"from":"10.%d.%d.%d","rtt":1},`, `{"x":"*"}]}]}`)},
		{"scamper", "addresses at a hop", crowd(`{"type":"trace","src":"1.1.1.1","dst":"2.2.2.2","hops":[`, `{"addr":"10.%d.%d.%d","probe_ttl":1,"rtt":1},`, `{"addr":"2.2.2.2","probe_ttl":2}]}`)},
		{"traceroute-text", "addresses at a hop", crowd("traceroute to a (10.0.0.2), 30 hops max\n 1 ", " 10.%d.%d.%d  1 ms\n   ", " 10.0.0.2  1 ms\n")},
		{"maintenance-azure", "resources", lines(`{"Events":[{"EventId":"e","EventType":"Reboot","Resources":[`, `"r%d",`, `"z"],"NotBefore":"Mon, 19 Sep 2016 18:29:47 GMT"}]}`)},
		{"kubernetes", "services and workloads", lines(`{"kind":"List","items":[`, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d%[1]d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"a"}]}}}},`+
			`{"kind":"Service","metadata":{"name":"s%[1]d"},"spec":{"selector":{"a":"b"}}},`, `{"kind":"Service","metadata":{"name":"z"}}]}`)},
		{"events", "samples", lines(`{"type":"metric","entity":"server:a","at":"2026-01-01T00:00:00Z","samples":[`, `{"resource":"cpu","value":%d},`, `{"resource":"cpu","value":1}]}`)},
	}
}

// rows writes lines of a thousand parts each.
func rows(head, begin, part, finish, end string) func(int) []byte {
	return func(size int) []byte {
		b := bytes.NewBufferString(head)
		for row := 0; b.Len() < size-20_000; row++ {
			fmt.Fprintf(b, begin, row)
			for i := range 1000 {
				fmt.Fprintf(b, part, i)
			}
			b.WriteString(finish)
		}
		b.WriteString(end)
		return b.Bytes()
	}
}

// crowd writes one record with many addresses.
func crowd(head, part, end string) func(int) []byte {
	return func(size int) []byte {
		b := bytes.NewBufferString(head)
		for i := 0; b.Len() < size-len(end); i++ {
			fmt.Fprintf(b, part, i>>16&255, i>>8&255, i&255)
		}
		b.WriteString(end)
		return b.Bytes()
	}
}

// otlpAttributes writes a resource of which half are attributes, half records.
func otlpAttributes(head, part, end string) func(int) []byte {
	kind := "resourceMetrics"
	if bytes.Contains([]byte(head), []byte("scopeSpans")) {
		kind = "resourceSpans"
	}
	return func(size int) []byte {
		resource := lines(`{"`+kind+`":[{"resource":{"attributes":[`, `{"key":"k%d","value":{"stringValue":"v"}},`, `{"key":"z","value":{"stringValue":"v"}}]},`)(size / 2)
		return append(resource, lines(head, part, end)(size/2)...)
	}
}
