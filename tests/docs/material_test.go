package docs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// own are answers without a fault, which the formats' samples have on purpose.
var own = map[string]string{
	"trace.jsonl": `{"type":"trace","version":"0.1","src":"192.0.2.1","dst":"192.0.2.9","stop_reason":"COMPLETED","start":{"sec":1772359200,"usec":0},` +
		`"hops":[{"addr":"192.0.2.254","probe_ttl":1,"rtt":0.5},{"addr":"192.0.2.9","probe_ttl":3,"rtt":1.5}]}` + "\n",
	"results.jsonl": `{"type":"traceroute","prb_id":7,"timestamp":1772359200,"endtime":1772359203,"src_addr":"192.0.2.1","dst_addr":"198.51.100.9",` +
		`"dst_name":"x","result":[{"hop":1,"result":[{"from":"192.0.2.254","rtt":1.5}]},{"hop":2,"result":[{"from":"198.51.100.9","rtt":9}]}]}` + "\n",
	"aws.json": `{"InstanceStatuses":[{"InstanceId":"i-1","Events":[{"InstanceEventId":"e-1","Code":"system-reboot","Description":"reboot",` +
		`"NotBefore":"2026-03-01T22:00:00Z","NotAfter":"2026-03-02T02:00:00Z"}]}]}`,
	"azure.json": `{"DocumentIncarnation":1,"Events":[{"EventId":"a","EventStatus":"Scheduled","EventType":"Reboot","ResourceType":"VirtualMachine",` +
		`"Resources":["vm-1"],"NotBefore":"Mon, 02 Mar 2026 22:00:00 GMT","Description":"","EventSource":"Platform","DurationInSeconds":-1}]}`,
	"spans.json": `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"web"}}]},` +
		`"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"get",` +
		`"kind":2,"startTimeUnixNano":"1772359200000000000","endTimeUnixNano":"1772359200001000000"}]}]}]}`,
	"zipkin.json": `[{"traceId":"463ac35c9f6413ad","id":"463ac35c9f6413ad","name":"get","kind":"SERVER",` +
		`"timestamp":1772359200000000,"duration":1000,"localEndpoint":{"serviceName":"web"}}]`,
	"jaeger.json": `{"data":[{"traceID":"5b8efff798038103d269b633813fc60c","spans":[{"traceID":"5b8efff798038103d269b633813fc60c",` +
		`"spanID":"eee19b7ec3c1b174","operationName":"get","references":[],"startTime":1772359200000000,"duration":1000,` +
		`"tags":[],"processID":"p1"}],"processes":{"p1":{"serviceName":"web","tags":[]}}}]}`,
	"spans.csv": "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n" +
		"t1,s1,root,web-7d4b-x1,get,1772359200000000000,1772359200001000000,1000000\n",
	"events.jsonl": `{"type":"metric","entity":"server:s1","at":"2026-03-01T10:00:00Z",` +
		`"samples":[{"resource":"cpu","kind":"gauge","value":1500}]}` + "\n",
	"compose.json": `{"name":"shop","services":{"web":{"image":"nginx"}}}`,
	"metrics.csv":  "time,entity,resource,value\n2026-03-01T10:00:00Z,server:h1,cpu,1500\n",
	"scrape.txt":   "mem_used{instance=\"h1\"} 1e9\n",
	"holidays.ics": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n" +
		"DTSTART;VALUE=DATE:20261225\r\nSUMMARY:Christmas\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
}

// fleet is the demo fleet with fewer applications and two days of history, so that
// its forecasts take seconds.
func fleet() []byte {
	var b bytes.Buffer
	b.WriteString("fleet: demo\nstart: 2026-03-12T09:00:00Z\nhistory_days: 2\nservers:\n")
	for i := range 12 {
		fmt.Fprintf(&b,
			"  - {id: s%02d, zone: %c, rack: %c%d, cores: 6, memory_gib: 16, idle_watts: 60, peak_watts: 150}\n", i+1,
			'a'+i/4, 'a'+i/4, i%4/2+1)
	}
	b.WriteString(`applications:
  - {id: web, on: [s01, s05, s09], requests_per_second: 280, demand_ms: 9, memory_gib: 2, daily_swing: 0.4, peak_hour: 13, data_gib: 0.1, p99_ms: 900,
     calls: [{callee: api, per_request: 1.6, request_bytes: 900, response_bytes: 4500}]}
  - {id: api, on: [s01, s06, s10], demand_ms: 6, memory_gib: 3, data_gib: 0.1, p99_ms: 600}
campaigns:
  - {name: newsletter, application: web, begin: 35m, length: 2h, uplift: 0.6, announced: 24h}
`)
	return b.Bytes()
}

// material writes what the documents' commands read and no sample has: series,
// certificates, a token.
func (s *sandbox) material(t *testing.T, dir string) {
	t.Helper()
	write(t, dir, ".drover-token", []byte("none is needed on loopback\n"))
	var series bytes.Buffer
	series.WriteString("unique_id,ds,y\n")
	for h := range 24 * 14 {
		at := time.Date(2026, 3, 1, h, 0, 0, 0, time.UTC)
		fmt.Fprintf(&series, "H1,%s,%.3f\n", at.Format(time.RFC3339),
			50+20*math.Sin(float64(h)*math.Pi/12)+float64(h*7%5))
	}
	write(t, dir, "in.csv", series.Bytes())
	write(t, dir, "hourly.csv", series.Bytes())
	write(t, dir, "calendar.csv", []byte("name,start,end\nsale,2026-03-05,2026-03-05\nsale,2026-03-15,2026-03-15\n"))
	for name, text := range own {
		write(t, dir, name, []byte(text))
	}
	write(
		t,
		dir,
		"own.yaml",
		[]byte(
			"name: own\noutputs:\n  - {entity: \"server:{instance}\", resource: memory, kind: gauge, terms: [{metric: mem_used}]}\n"),
	)
	certificate(t, dir)
	for _, name := range []string{"fleet.yaml"} {
		text, err := os.ReadFile(filepath.Join(root(t), "internal/cli/solve/testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, name, text)
	}
}

// exporter serves the metrics of a machine that is half busy, as node_exporter
// does, and returns its address.
func exporter(t *testing.T) string {
	t.Helper()
	began := time.Now()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		busy := time.Since(began).Seconds()
		fmt.Fprintf(
			w,
			"# TYPE node_cpu_seconds_total counter\nnode_cpu_seconds_total{cpu=\"0\",mode=\"user\"} %.2f\nnode_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} %.2f\n"+
				"# TYPE node_memory_MemTotal_bytes gauge\nnode_memory_MemTotal_bytes 6.8e+10\n# TYPE node_memory_MemAvailable_bytes gauge\nnode_memory_MemAvailable_bytes 6e+10\n",
			busy,
			busy,
		)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// certificate writes door.pem, door.key and clients.pem, which is its authority.
func certificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "door"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, text := range map[string][]byte{"door.pem": public, "clients.pem": public, "web.pem": public,
		"door.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		write(t, dir, name, text)
	}
}
