package servers

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// registryVersion is Apicurio Registry's: the last that Java 17 runs.
const registryVersion = "2.6.13.Final"

// StartRegistry starts an Apicurio Registry that keeps everything in memory and
// returns the URL of its Confluent-compatible interface. The program comes from
// Maven Central, once; DROVER_REGISTRY_HOME keeps it (default
// ~/.cache/drover/registry).
func StartRegistry(t testing.TB) (url string) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out: -short starts no servers")
	}
	Need(t, "java", "mvn", "tar")
	home := fetchRegistry(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	_ = l.Close()
	log, err := os.Create(filepath.Join(t.TempDir(), "registry.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dquarkus.http.host=127.0.0.1",
		"-Dquarkus.http.port="+port, "-jar", filepath.Join(home, "apicurio-registry-app-"+registryVersion+"-runner.jar"))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
	})
	url = "http://" + address + "/apis/ccompat/v7"
	for deadline := time.Now().Add(4 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		resp, err := http.Get(url + "/subjects")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return url
			}
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(log.Name())
			t.Fatalf("the registry does not answer: %v: %s", err, said)
		}
	}
}

// fetchRegistry returns the directory of the unpacked program.
func fetchRegistry(t testing.TB) string {
	t.Helper()
	home := os.Getenv("DROVER_REGISTRY_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		home = filepath.Join(user, ".cache", "drover", "registry")
	}
	dir := filepath.Join(home, registryVersion)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		t.Fatal(err)
	}
	fresh, err := os.MkdirTemp(home, "fetch-") // of our own, renamed when whole
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fresh)
	archive := "apicurio-registry-app-" + registryVersion + "-all.tar.gz"
	for _, c := range [][]string{
		{"mvn", "-B", "-q", "dependency:copy", "-Dartifact=io.apicurio:apicurio-registry-app:" + registryVersion + ":tar.gz:all", "-DoutputDirectory=" + fresh},
		{"tar", "-xzf", filepath.Join(fresh, archive), "-C", fresh},
		{"rm", filepath.Join(fresh, archive)},
	} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("fetching the registry: %v: %v: %s", c, err, out)
		}
	}
	if err := os.Rename(fresh, dir); err != nil {
		if _, there := os.Stat(dir); there != nil {
			t.Fatal(err)
		}
	}
	return dir
}
