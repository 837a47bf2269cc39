package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// kafkaRun is what the image apache/kafka does at its start, by the same wrapper:
// variables become properties, the storage is formatted unless it is, the broker
// runs.
const kafkaRun = `#!/bin/sh
export CLUSTER_ID=${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}
said=$(java -XX:TieredStopAtLevel=1 -cp '/opt/kafka/libs/*' kafka.docker.KafkaDockerWrapper setup --default-configs-dir /etc/kafka/docker \
	--mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config 2>&1) || case $said in
*"already formatted"*) ;;
*) echo "$said"; exit 1 ;;
esac
exec java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '/opt/kafka/config:/opt/kafka/libs/*' kafka.Kafka /opt/kafka/config/server.properties
`

const kafkaLog = `Configuration:
  Appenders:
    Console:
      name: STDOUT
      PatternLayout: {pattern: "[%d] %p %m (%c)%n"}
  Loggers:
    Root:
      level: WARN
      AppenderRef: [{ref: STDOUT}]
`

// standIns makes the images apache/kafka and redis of what this machine has, and
// what they need of a busybox.
func (s *story) standIns(ctx context.Context) error {
	return errors.Join(s.kafka(ctx), s.redis(ctx))
}

// golang makes the image golang, which takes modules from this process.
func (s *story) golang(ctx context.Context) error {
	proxy, err := modules(ctx)
	if err != nil {
		return err
	}
	t := &tree{root: filepath.Join(s.folder, "golang")}
	home := strings.TrimSpace(t.run(ctx, "go", "env", "GOROOT"))
	t.busybox(ctx)
	t.copy(ctx, "-a", home, "/etc/ssl/certs/ca-certificates.crt")
	return t.load(ctx, s.engine, "golang:"+strings.TrimPrefix(runtime.Version(), "go"),
		"ENV PATH="+home+"/bin:/bin", "ENV GOTOOLCHAIN=local", "ENV GOFLAGS=-modcacherw", "ENV GOPROXY="+proxy, "ENV GOSUMDB=off")
}

func (s *story) kafka(ctx context.Context) error {
	java, err := exec.LookPath("java")
	if err == nil {
		java, err = filepath.EvalSymlinks(java)
	}
	if err != nil {
		return err
	}
	home := filepath.Dir(filepath.Dir(java))
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	jars, err := filepath.Glob(filepath.Join(cache, "drover", "kafka", "libs-4.3.1", "*.jar"))
	if err != nil || len(jars) == 0 {
		return fmt.Errorf("no jars of Kafka in %s (%w)", cache, os.ErrNotExist)
	}
	t := &tree{root: filepath.Join(s.folder, "kafka")}
	t.busybox(ctx)
	t.copy(ctx, "-a", home)
	if configuration, err := filepath.EvalSymlinks(filepath.Join(home, "conf", "security", "java.security")); err == nil && !strings.HasPrefix(configuration, home) {
		t.copy(ctx, "-a", strings.Join(strings.Split(configuration, "/")[:3], "/"))
	}
	libraries, err := filepath.Glob(filepath.Join(home, "lib", "*.so"))
	t.fail(err)
	t.libraries(ctx, append(libraries, java, filepath.Join(home, "lib", "server", "libjvm.so"))...)
	t.folder("opt/kafka/libs", "etc/kafka/docker", "opt/kafka/config", "mnt/shared/config", "var/lib/kafka/data")
	t.run(ctx, append(append([]string{"cp"}, jars...), filepath.Join(t.root, "opt/kafka/libs"))...)
	t.write("etc/kafka/docker/run", kafkaRun, 0o755)
	t.write("etc/kafka/docker/log4j2.yaml", kafkaLog, 0o644)
	t.write("etc/kafka/docker/tools-log4j2.yaml", kafkaLog, 0o644)
	t.write("etc/kafka/docker/server.properties", "process.roles=broker,controller\n", 0o644)
	t.run(ctx, "chown", "-R", "1000:1000", filepath.Join(t.root, "opt/kafka/config"), filepath.Join(t.root, "var/lib/kafka"))
	return t.load(ctx, s.engine, "apache/kafka:4.3.1", "ENV PATH="+home+"/bin:/bin", "USER 1000",
		`VOLUME ["/etc/kafka/secrets", "/var/lib/kafka/data", "/mnt/shared/config"]`, `CMD ["/etc/kafka/docker/run"]`)
}

func (s *story) redis(ctx context.Context) error {
	t := &tree{root: filepath.Join(s.folder, "redis")}
	t.busybox(ctx)
	for _, name := range []string{"redis-server", "redis-cli"} {
		path, err := exec.LookPath(name)
		t.fail(err)
		t.copy(ctx, "-L", path)
		t.libraries(ctx, path)
	}
	t.folder("data", "usr/local/bin")
	// The image's Redis answers to other machines; Debian's wants to be told.
	t.write("usr/local/bin/redis-server", "#!/bin/sh\nexec /usr/bin/redis-server \"$@\" --protected-mode no\n", 0o755)
	return t.load(ctx, s.engine, "redis:7", "ENV PATH=/usr/local/bin:/usr/bin:/bin", `VOLUME ["/data"]`, "WORKDIR /data", `CMD ["redis-server"]`)
}

// tree is an image's file system in the making; the first error stays.
type tree struct {
	root string
	err  error
}

func (t *tree) fail(err error) { t.err = errors.Join(t.err, err) }

func (t *tree) run(ctx context.Context, argv ...string) string {
	if t.err != nil {
		return ""
	}
	said, err := output(ctx, "/", nil, argv...)
	t.fail(err)
	return said
}

func (t *tree) folder(names ...string) {
	for _, n := range names {
		t.fail(os.MkdirAll(filepath.Join(t.root, n), 0o755))
	}
}

func (t *tree) write(name, text string, mode os.FileMode) {
	t.fail(os.WriteFile(filepath.Join(t.root, name), []byte(text), mode))
}

// copy copies files and folders to the places that they have on this machine.
func (t *tree) copy(ctx context.Context, how string, paths ...string) {
	t.folder("")
	t.run(ctx, append(append([]string{"cp", how, "--parents"}, paths...), t.root)...)
}

// busybox puts a shell and its tools into /bin.
func (t *tree) busybox(ctx context.Context) {
	path, err := exec.LookPath("busybox")
	t.fail(err)
	t.folder("bin", "tmp", "root")
	t.fail(os.Chmod(filepath.Join(t.root, "tmp"), 0o777|os.ModeSticky))
	t.run(ctx, "cp", path, filepath.Join(t.root, "bin", "busybox"))
	for _, applet := range strings.Fields(t.run(ctx, path, "--list")) {
		if err := os.Symlink("busybox", filepath.Join(t.root, "bin", applet)); err != nil && !os.IsExist(err) {
			t.fail(err)
		}
	}
}

// found is a library's place in the output of ldd.
var found = regexp.MustCompile(`(/[^ ]+) \(0x`)

// libraries copies the shared libraries that programs need.
func (t *tree) libraries(ctx context.Context, programs ...string) {
	seen := map[string]bool{}
	for _, p := range programs {
		for _, m := range found.FindAllStringSubmatch(t.run(ctx, "ldd", p), -1) {
			if !seen[m[1]] {
				t.copy(ctx, "-L", m[1])
			}
			seen[m[1]] = true
		}
	}
}

// load makes an image of the tree and takes the tree away.
func (t *tree) load(ctx context.Context, e *engine, name string, changes ...string) error {
	archive := t.root + ".tar"
	t.run(ctx, "tar", "-C", t.root, "-cf", archive, ".")
	if t.err != nil {
		return fmt.Errorf("%s: %w", name, t.err)
	}
	args := []string{"import"}
	for _, c := range changes {
		args = append(args, "--change", c)
	}
	_, err := e.docker(ctx, append(args, archive, name)...)
	return errors.Join(err, os.RemoveAll(t.root), os.Remove(archive))
}
