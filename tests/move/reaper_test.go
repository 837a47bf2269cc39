package move_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drover/internal/actuator"
	"drover/tests/move"
)

// abandonVariable makes this program start a site, say where it is, and wait to
// be killed.
const abandonVariable = "DROVER_MOVE_ABANDON"

func abandonIfAsked() {
	if os.Getenv(abandonVariable) == "" {
		return
	}
	s, err := move.NewRedisSite(context.Background())
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.Folder)
	time.Sleep(time.Hour)
}

// TestAKilledProcessLeavesNoServers kills a program that has started servers.
func TestAKilledProcessLeavesNoServers(t *testing.T) {
	need(t, "redis-server", "haproxy")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), abandonVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	folder, err := bufio.NewReader(out).ReadString('\n')
	folder = strings.TrimSpace(folder)
	if _, wrong := os.Stat(filepath.Join(folder, "haproxy.lock")); err != nil || wrong != nil {
		t.Fatalf("said %q: %v, %v", folder, err, wrong)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = actuator.Poll(ctx, 50*time.Millisecond, func() (bool, error) {
		left, err := holders(folder)
		if _, there := os.Stat(folder); there == nil {
			left = append(left, folder)
		}
		return err == nil && len(left) == 0, fmt.Errorf("left behind: %v (%w)", left, err)
	})
	if err != nil {
		t.Error(err)
	}
}

// holders returns the processes that hold a lock in a folder.
func holders(folder string) ([]string, error) {
	links, err := filepath.Glob("/proc/[0-9]*/fd/3")
	var left []string
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, folder+"/") {
			left = append(left, link)
		}
	}
	return left, err
}
