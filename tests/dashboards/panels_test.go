package dashboards

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"drover/tests/stream/servers"
)

// patience is how long a panel may wait for its first value.
const patience = 4 * time.Minute

// dashboard is what is read of a Grafana dashboard.
type dashboard struct {
	UID, Title string
	Panels     []struct {
		Title   string
		Targets []struct{ Expr string }
	}
}

// TestEveryPanelShowsTheDemoFleet lets the real Prometheus scrape the demo fleet
// by the configuration of deploy/, and asks it every panel's query.
func TestEveryPanelShowsTheDemoFleet(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	servers.Need(t, "prometheus", "go")
	paths, err := filepath.Glob(deployed(t, "grafana", "*.json"))
	if err != nil || len(paths) < 2 {
		t.Fatalf("dashboards %v, %v", paths, err)
	}
	prometheus := scrape(t, demo(t))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		var board dashboard
		if err == nil {
			err = json.Unmarshal(text, &board)
		}
		if err != nil || board.UID == "" || len(board.Panels) < 10 {
			t.Fatalf("%s: %v, %d panels", path, err, len(board.Panels))
		}
		for _, p := range board.Panels {
			for _, target := range p.Targets {
				t.Run(board.Title+"/"+p.Title, func(t *testing.T) { answers(t, prometheus, target.Expr) })
			}
		}
	}
}

// answers waits until a query gives data.
func answers(t *testing.T, prometheus, expr string) {
	t.Helper()
	expr = strings.NewReplacer("$__rate_interval", "1m", "$fleet", ".*").Replace(expr)
	var last string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		status, body := get(t, prometheus+"/api/v1/query?query="+url.QueryEscape(expr))
		var told struct {
			Data struct{ Result []json.RawMessage }
		}
		last = body
		if status/100 == 4 {
			t.Fatalf("%s: %s", expr, body)
		}
		if json.Unmarshal([]byte(body), &told) == nil && len(told.Data.Result) > 0 {
			return
		}
	}
	t.Errorf("%s gives nothing: %s", expr, last)
}

// get returns a page's status and body; 0 where nobody answers.
func get(t *testing.T, address string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(answer.Body); err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, b.String()
}

// demo runs the built-in fleet and returns where its page is.
func demo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "drover")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "drover/cmd/drover").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := start(t, "drover up", exec.Command(path, "up", "--listen", "127.0.0.1:0", "--speed", "60x"))
	for lines.Scan() {
		if _, at, ok := strings.Cut(lines.Text(), "page at http://"); ok {
			go func() {
				for lines.Scan() { // it must not wait for a reader
				}
			}()
			return strings.TrimSuffix(at, "/")
		}
	}
	t.Fatal("drover up says no address")
	return ""
}

// scrape starts a Prometheus on deploy's configuration, with another target and
// a shorter interval, and returns its address.
func scrape(t *testing.T, target string) string {
	t.Helper()
	text, err := os.ReadFile(deployed(t, "prometheus", "prometheus.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	conf := strings.NewReplacer("127.0.0.1:8080", target, "15s", "1s", "rules.yaml", deployed(t, "prometheus", "rules.yaml")).Replace(string(text))
	dir := t.TempDir()
	path := filepath.Join(dir, "prometheus.yaml")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	address := free(t)
	lines := start(t, "prometheus", exec.Command("prometheus", "--config.file="+path, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address))
	go func() {
		for lines.Scan() { // it must not wait for a reader
		}
	}()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if status, _ := get(t, "http://"+address+"/-/ready"); status == http.StatusOK {
			return "http://" + address
		}
	}
	t.Fatal("prometheus does not get ready")
	return ""
}

// start runs a program until the test ends and returns what it says.
func start(t *testing.T, name string, cmd *exec.Cmd) *bufio.Scanner {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }() // it was told to end
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			t.Errorf("%s does not end", name)
		}
	})
	return bufio.NewScanner(out)
}

// free returns an address that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr())
}
