package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/klauspost/compress/snappy"
	"google.golang.org/protobuf/encoding/protowire"
)

// worst is one input that is dear to read for its size.
type worst struct {
	format, name string
	make         func(size int) []byte
}

// cases lists at least one input for each format.
func cases() []worst {
	list := []worst{
		{"prometheus", "short samples", lines("", "a %d\n", "")},
		{"prometheus", "series of their own", lines("", "a{b=\"%d\",c=\"\\n\\\\\\\"\"} 1e-7 1395066363000\n", "")},
		{"prometheus", "node_exporter's names", lines("", "node_cpu_seconds_total{cpu=\"%d\",mode=\"user\"} 1\n", "")},
		{"prometheus", "only faults", lines("", "a{b=%d 1\n", "")},
		{"openmetrics", "short samples", lines("# TYPE a gauge\n", "a{b=\"%d\"} 1\n", "# EOF\n")},
		{"openmetrics", "families", lines("", "# TYPE a%[1]d gauge\na%[1]d 1\n", "# EOF\n")},
		{"openmetrics", "buckets", histograms},
		{"openmetrics", "a large metric, then small ones", largeThenSmall},
		{"openmetrics", "exemplars", lines("# TYPE a counter\n", "a_total{b=\"%d\"} 1 # {id=\"x\"} 0.5 1.5\n", "# EOF\n")},
		{"remote-write", "1.0", remoteWrite1},
		{"remote-write", "a bomb", func(size int) []byte { return snappy.Encode(nil, make([]byte, 31<<20)) }},
		{"otlp-metrics", "points", lines(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","sum":{"dataPoints":[`,
			`{"timeUnixNano":"%d","asInt":"1","attributes":[{"key":"state","value":{"stringValue":"used"}}]},`+"\n", `{"asInt":"1","timeUnixNano":"1"}]}}]}]}]}`)},
		{"otlp-metrics", "resources", lines(`{"resourceMetrics":[`, `{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"h%d"}}]},"scopeMetrics":[{"metrics":[{"name":"system.memory.usage","gauge":{"dataPoints":[{"timeUnixNano":"1","asDouble":1}]}}]}]},`+"\n", `{}]}`)},
		{"otlp-traces", "spans", lines(`{"resourceSpans":[{"scopeSpans":[{"spans":[`, `{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"%016x","name":"a","kind":3,"startTimeUnixNano":"1","endTimeUnixNano":"2"},`+"\n", `{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}`)},
		{"influx", "fields", lines("", "m,h=a%d f=1,g=2i,h=\"x\",i=t 1465839830100400200\n", "")},
		{"influx", "short", lines("", "m f=%d\n", "")},
		{"ripe-atlas", "results", lines("", `{"type":"traceroute","af":4,"prb_id":%d,"msm_id":1,"timestamp":1,"src_addr":"10.0.0.1","dst_addr":"10.0.0.2","dst_name":"a","proto":"ICMP","result":[{"hop":1,"result":[{"from":"10.0.0.3","rtt":1.5,"ttl":64,"size":28}]}]}`+"\n", "")},
		{"ripe-atlas", "many hops", lines(`{"type":"traceroute","prb_id":1,"timestamp":1,"dst_addr":"10.0.0.2","dst_name":"a","result":[`, `{"hop":1,"result":[{"from":"10.0.0.3","rtt":%d}]},`, `{"hop":2,"error":"x"}]}`)},
		{"mtr", "reports", lines("", `{"report":{"mtr":{"src":"a","dst":"b","tests":"10"},"hubs":[{"count":"1","host":"10.0.%d.1","Loss%%":0.0,"Snt":10,"Last":1.0,"Avg":1.1,"Best":0.9,"Wrst":2.0,"StDev":0.1}]}}`+"\n", "")},
		{"mtr", "hubs", lines(`{"report":{"mtr":{"src":"a","dst":"b"},"hubs":[`, `{"count":1,"host":"10.0.%d.1","Avg":1.1},`, `{"count":1,"host":"b","Avg":1}]}}`)},
		{"scamper", "traces", lines("", `{"type":"trace","version":"0.1","src":"10.0.0.1","dst":"10.0.0.2","start":{"sec":%d,"usec":1},"hops":[{"addr":"10.0.0.3","probe_ttl":1,"rtt":1.5}]}`+"\n", "")},
		{"traceroute-text", "traces", lines("", "traceroute to a (10.0.0.2), 30 hops max, 60 byte packets\n 1  b (10.0.%d.1)  1.5 ms  1.6 ms  *\n", "")},
		{"traceroute-text", "one long trace", lines("traceroute to a (10.0.0.2), 30 hops max\n", " %d  * * *\n", "")},
		{"traceroute-text", "one long line", lines("traceroute to a (10.0.0.2), 30 hops max\n 1 ", " 10.0.0.%d 1 ms", "\n")},
		{"zipkin", "version 2", lines("[", `{"traceId":"5b8efff798038103","id":"%016x","kind":"CLIENT","timestamp":1,"duration":2,"localEndpoint":{"serviceName":"a"}},`+"\n", `{"traceId":"1","id":"2"}]`)},
		{"zipkin", "version 1", lines("[", `{"traceId":"5b8efff798038103","id":"%016x","name":"x","annotations":[{"timestamp":1,"value":"cs","endpoint":{"serviceName":"a"}}]},`+"\n", `{"traceId":"1","id":"2","name":"x"}]`)},
		{"jaeger", "spans", lines(`{"data":[{"traceID":"1","processes":{"p1":{"serviceName":"a"}},"spans":[`, `{"traceID":"1","spanID":"%016x","operationName":"a","startTime":1,"duration":2,"processID":"p1","references":[]},`+"\n", `{"traceID":"1","spanID":"2","processID":"p1","startTime":1,"duration":1}]}]}`)},
		{"spans-csv", "spans", lines("TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n", "t,%x,root,a-b-c,op,1,2,1\n", "")},
		{"campaigns-csv", "rows", lines("name,start,end\n", "a%d,2026-01-01,2026-01-02\n", "")},
		{"campaigns-csv", "JSON", lines("[", `{"name":"a%d","start":"2026-01-01","end":"2026-01-02"},`+"\n", `{"name":"b","start":"2026-01-01","end":"2026-01-02"}]`)},
		{"inventory", "CSV", lines("id,zone,cpu,memory\n", "s%d,z,1,1GiB\n", "")},
		{"inventory", "YAML", lines("servers:\n", "- {id: s%d, capacity: {cpu: 1}}\n", "")},
		{"maintenance-aws", "events", lines(`{"Events":[`, `{"Code":"system-reboot","InstanceEventId":"e%d","NotBefore":"2026-01-01T00:00:00.000Z","NotAfter":"2026-01-01T01:00:00.000Z"},`+"\n", `{"Code":"system-reboot","NotBefore":"2026-01-01T00:00:00.000Z"}]}`)},
		{"maintenance-azure", "events", lines(`{"DocumentIncarnation":1,"Events":[`, `{"EventId":"e%d","EventType":"Reboot","ResourceType":"VirtualMachine","Resources":["a"],"EventStatus":"Scheduled","NotBefore":"Mon, 19 Sep 2016 18:29:47 GMT"},`+"\n", `{"EventId":"x","EventType":"Reboot","Resources":["a"],"NotBefore":"Mon, 19 Sep 2016 18:29:47 GMT"}]}`)},
		{"metrics-csv", "wide", lines("time,entity,cpu,memory,receive,transmit\n", "2026-01-01T00:00:00Z,server:s%d,1,2,3,4\n", "")},
		{"metrics-csv", "long", lines("time,entity,resource,value\n", "2026-01-01T00:00:00Z,server:s%d,cpu,1\n", "")},
		{"compose", "services", lines("services:\n", "  s%d: {image: a, environment: {A: b}}\n", "")},
		{"kubernetes", "documents", lines("", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d%d}\nspec: {template: {spec: {containers: [{name: a, image: b}]}}}\n---\n", "")},
		{"kubernetes", "JSON", lines(`{"kind":"List","items":[`, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d%d"},"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"X","value":"http://d1:80"}]}]}}}},`+"\n", `{"kind":"Service","metadata":{"name":"x"}}]}`)},
	}
	list = append(list, calendars()...)
	list = append(list, wide()...)
	for _, format := range []string{"compose", "kubernetes", "inventory"} {
		list = append(list,
			worst{format, "aliases of aliases", laughs},
			worst{format, "deep flow", repeated("a: ", "[", "")},
			worst{format, "deep blocks", staircase},
			worst{format, "one long text", repeated("a: \"", "\\u263a", "\"\n")})
	}
	for _, format := range []string{"ripe-atlas", "mtr", "scamper", "zipkin", "jaeger", "otlp-metrics", "otlp-traces", "maintenance-aws", "maintenance-azure", "kubernetes", "campaigns-csv"} {
		list = append(list, worst{format, "deep JSON", repeated(`{"a":`, "[", "")}, worst{format, "empty objects", repeated("", "{}\n", "")})
	}
	return list
}

// calendars are dear by what they stand for.
func calendars() []worst {
	event := func(rule string) string {
		return "BEGIN:VEVENT\r\nUID:%d\r\nDTSTAMP:20200101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20200101T100000\r\nDTEND;TZID=Europe/Berlin:20200101T110000\r\n" + rule + "\r\nEND:VEVENT\r\n"
	}
	const head, end = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n", "END:VCALENDAR\r\n"
	list := []worst{
		{"icalendar", "single events", lines(head, event("SUMMARY:a"), end)},
		{"icalendar", "daily for ever", lines(head, event("RRULE:FREQ=DAILY"), end)},
		{"icalendar", "each second", lines(head, event("RRULE:FREQ=SECONDLY;BYSECOND=0,1,2,3"), end)},
		{"icalendar", "never", lines(head, event("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), end)},
		{"icalendar", "last working day", lines(head, event("RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=1,2,3,4,5,6;BYMINUTE=1,2,3"), end)},
		{"icalendar", "far past", lines(head, strings.ReplaceAll(event("RRULE:FREQ=MINUTELY;INTERVAL=7"), "20200101", "19000101"), end)},
		{"icalendar", "dates", lines(head+"BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20200101T100000Z\r\n", "RDATE:20%02[1]d0101T100000Z\r\n", "END:VEVENT\r\n"+end)},
		{"icalendar", "exceptions", lines(head+"BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20200101T100000Z\r\nRRULE:FREQ=HOURLY\r\n", "EXDATE:20200101T%06d\r\n", "END:VEVENT\r\n"+end)},
		{"icalendar", "changed occurrences", lines(head, "BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:20200101T100000Z\r\nSEQUENCE:%d\r\nDTSTART:20200101T100000Z\r\nEND:VEVENT\r\n", end)},
		{"icalendar", "folded", repeated(head+"BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20200101T100000Z\r\nSUMMARY:", "\r\n x", "\r\nEND:VEVENT\r\n"+end)},
		{"icalendar", "zones", lines(head, "BEGIN:VTIMEZONE\r\nTZID:z%[1]d\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"+
			"BEGIN:VEVENT\r\nUID:%[1]d\r\nDTSTART;TZID=z%[1]d:20200101T100000\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n", end)},
	}
	return list
}

// lines writes numbered records until the size is reached.
func lines(head, record, end string) func(int) []byte {
	return func(size int) []byte {
		var b bytes.Buffer
		b.Grow(size + len(record) + len(end))
		b.WriteString(head)
		for i := 0; b.Len() < size-len(end); i++ {
			fmt.Fprintf(&b, record, i)
		}
		b.WriteString(end)
		return b.Bytes()
	}
}

// repeated writes one text until the size is reached.
func repeated(head, unit, end string) func(int) []byte {
	return func(size int) []byte {
		return []byte(head + strings.Repeat(unit, (size-len(head)-len(end))/len(unit)) + end)
	}
}

// laughs is YAML whose aliases stand for many times its size.
func laughs(size int) []byte {
	var b bytes.Buffer
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x]\n")
	for i := 1; b.Len() < size; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d]\n", i, i, i-1, i-1, i-1, i-1)
	}
	return b.Bytes()
}

// staircase is YAML in which every line is one level deeper.
func staircase(size int) []byte {
	var b bytes.Buffer
	for depth := 0; b.Len() < size; depth++ {
		b.WriteString(strings.Repeat(" ", depth) + "a:\n")
	}
	return b.Bytes()
}

// histograms is OpenMetrics of histograms with many buckets.
func histograms(size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size-2000; i++ {
		fmt.Fprintf(&b, "# TYPE h%d histogram\n", i)
		for j := range 20 {
			fmt.Fprintf(&b, "h%d_bucket{le=\"%d.0\"} %d\n", i, j, j)
		}
		fmt.Fprintf(&b, "h%d_bucket{le=\"+Inf\"} 20\nh%d_count 20\nh%d_sum 1\n", i, i, i)
	}
	b.WriteString("# EOF\n")
	return b.Bytes()
}

// largeThenSmall is OpenMetrics in which one metric has a great many series and
// all others one.
func largeThenSmall(size int) []byte {
	var b bytes.Buffer
	b.WriteString("# TYPE h histogram\n")
	for j := 0; b.Len() < size/3; j++ {
		fmt.Fprintf(&b, "h_bucket{le=\"%d.0\"} 1\n", j)
	}
	b.WriteString("h_bucket{le=\"+Inf\"} 1\n")
	for i := 0; b.Len() < size-6; i++ {
		fmt.Fprintf(&b, "h_bucket{a=\"%d\",le=\"+Inf\"} 1\n", i)
	}
	b.WriteString("# EOF\n")
	return b.Bytes()
}

// remoteWrite1 is a request of version 1.0 whose body as sent has the size.
func remoteWrite1(size int) []byte {
	var b []byte
	label := func(to []byte, name, value string) []byte {
		l := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
		l = protowire.AppendString(protowire.AppendTag(l, 2, protowire.BytesType), value)
		return protowire.AppendBytes(protowire.AppendTag(to, 1, protowire.BytesType), l)
	}
	for i := 0; len(b) < 2*size; i++ {
		series := label(nil, "__name__", "node_cpu_seconds_total")
		series = label(series, "cpu", fmt.Sprint(i*7919%1000003))
		series = label(series, "instance", fmt.Sprint("h", i*104729%999983))
		series = label(series, "mode", "user")
		sample := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), uint64(i)*0x9e3779b97f4a7c15>>2)
		sample = protowire.AppendVarint(protowire.AppendTag(sample, 2, protowire.VarintType), 1772359200000)
		series = protowire.AppendBytes(protowire.AppendTag(series, 2, protowire.BytesType), sample)
		b = protowire.AppendBytes(protowire.AppendTag(b, 1, protowire.BytesType), series)
	}
	return snappy.Encode(nil, b)
}
