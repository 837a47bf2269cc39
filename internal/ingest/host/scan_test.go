package host

import (
	"os"
	"runtime"
	"testing"
)

func TestScanSeesThisProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux")
	}
	sum := 0.0
	for i := range 100_000_000 { // some CPU time to be seen
		sum += float64(i)
	}
	list, err := Scan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.ID == int32(os.Getpid()) {
			if p.Command == "" || p.Arguments == "" || p.Started == 0 || p.CPUSeconds <= 0 || p.MemoryBytes < 1<<20 || p.Network != "" {
				t.Errorf("this process (sum %v) is %+v", sum, p)
			}
			return
		}
	}
	t.Error("this process is not among them")
}

func TestParseCgroup(t *testing.T) {
	for text, want := range map[string]string{
		"0::/system.slice/redis.service\n":                           "/system.slice/redis.service",
		"12:cpu,cpuacct:/docker/web\n1:name=systemd:/docker/web/x\n": "/docker/web/x",
		"12:cpu,cpuacct:/docker/web\n3:memory:/\n0::/\n":             "/docker/web",
		"12:cpu,cpuacct:/\n0::/user.slice/a:b.scope\n":               "/user.slice/a:b.scope",
		"": "", "nonsense": "", "1:2\n": "",
	} {
		if got := parseCgroup([]byte(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
