package child

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAProcessIsKilledAndStartedAgain(t *testing.T) {
	life := 0
	p := Start(t, "sleeper", func() *exec.Cmd {
		life++
		return exec.Command("sh", "-c", "echo life "+strings.Repeat("I", life)+"; exec sleep 600")
	})
	if !p.Alive() {
		t.Fatal("it has ended at once")
	}
	p.Restart()
	for deadline := time.Now().Add(time.Minute); !strings.Contains(p.Said(), "life II\n"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it said %q", p.Said())
		}
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Err(); err == nil || p.Alive() {
		t.Errorf("after SIGTERM: %v, alive %v", err, p.Alive())
	}
	p.Kill() // of one that has ended
}

func TestAServiceSaysWhereItListens(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("page " + r.URL.Path)) }))
	defer page.Close()
	p := Start(t, "service", func() *exec.Cmd {
		return exec.Command("sh", "-c", "sleep .1; echo msg=runs listen="+strings.TrimPrefix(page.URL, "http://")+" >&2; exec sleep 600")
	})
	if got := p.Get("/readyz"); got != "page /readyz" {
		t.Errorf("got %q", got)
	}
}
