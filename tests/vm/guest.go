package vm

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Guest is what a tiny guest is started from: a distribution's cloud kernel, and
// an initial file system of one static busybox that serves HTTP.
type Guest struct{ Kernel, Initrd string }

// kernelPackage depends on the distribution's current cloud kernel.
const kernelPackage = "linux-image-cloud-amd64"

// modules are what the guest needs for its network, in the order of loading.
var modules = []string{
	"drivers/virtio/virtio_ring", "drivers/virtio/virtio", "drivers/virtio/virtio_pci_legacy_dev", "drivers/virtio/virtio_pci_modern_dev",
	"drivers/virtio/virtio_pci", "net/core/failover", "drivers/net/net_failover", "drivers/net/virtio_net",
}

// initScript is the guest's first program. ADDRESS is replaced. It fills memory
// with something that can be checked, and serves its boot id, the checksum of
// what it holds (counted anew each time), and a way to make it write all the time.
const initScript = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /www/cgi-bin /sbin /usr/bin /usr/sbin
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o size=96m tmp /tmp
for m in $(cat /modules/order); do insmod /modules/$m.ko; done
ip link set lo up
ip link set eth0 up
ip addr add ADDRESS/24 dev eth0
dd if=/dev/urandom of=/tmp/data bs=1M count=16 2>/dev/null
sha256sum /tmp/data > /www/first-sum
cat /proc/sys/kernel/random/boot_id > /www/boot-id
printf '#!/bin/sh\necho Content-Type: text/plain\necho\nsha256sum /tmp/data\n' > /www/cgi-bin/sum
printf '#!/bin/sh\necho Content-Type: text/plain\necho\n(while [ ! -e /tmp/quiet ]; do cp /tmp/data /tmp/hot; rm /tmp/hot; done) >/dev/null 2>&1 </dev/null &\necho busy\n' > /www/cgi-bin/busy
printf '#!/bin/sh\necho Content-Type: text/plain\necho\ntouch /tmp/quiet\necho quiet\n' > /www/cgi-bin/quiet
chmod 755 /www/cgi-bin/*
echo ok > /www/health
echo guest is ready
exec httpd -f -p 80 -h /www
`

// ErrMissing says that something isn't installed or can't be had here.
var ErrMissing = errors.New("not to be had here")

// BuildGuest makes the guest's kernel and file system in a folder. The kernel is
// downloaded and unpacked once, into the user's cache folder.
func BuildGuest(ctx context.Context, folder, address string) (Guest, error) {
	tree, err := unpackKernel(ctx)
	if err != nil {
		return Guest{}, err
	}
	kernels, err := filepath.Glob(filepath.Join(tree, "boot", "vmlinuz-*"))
	if err != nil || len(kernels) == 0 {
		return Guest{}, fmt.Errorf("kernel: none in %s", tree)
	}
	g := Guest{Kernel: kernels[0], Initrd: filepath.Join(folder, "initrd")}
	text, err := initrd(tree, address)
	if err != nil {
		return Guest{}, err
	}
	return g, os.WriteFile(g.Initrd, text, 0o644)
}

func unpackKernel(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("kernel: %w", err)
	}
	tree := filepath.Join(cache, "drover", kernelPackage)
	if found, _ := filepath.Glob(filepath.Join(tree, "boot", "vmlinuz-*")); len(found) > 0 {
		return tree, nil
	}
	work, err := os.MkdirTemp("", "drover-kernel-")
	if err != nil {
		return "", fmt.Errorf("kernel: %w", err)
	}
	defer os.RemoveAll(work)
	depends, err := output(ctx, work, "apt-cache", "depends", "--important", kernelPackage)
	if err != nil {
		return "", err
	}
	_, after, ok := strings.Cut(depends, "Depends: ")
	if !ok {
		return "", fmt.Errorf("%w: package %s (apt-get update?)", ErrMissing, kernelPackage)
	}
	name := strings.Fields(after)[0]
	if _, err := output(ctx, work, "apt-get", "download", "-q", name); err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("kernel: %v isn't one package", files)
	}
	if err := os.MkdirAll(filepath.Dir(tree), 0o755); err != nil {
		return "", fmt.Errorf("kernel: %w", err)
	}
	if _, err := output(ctx, work, "dpkg-deb", "-x", files[0], "tree"); err != nil {
		return "", err
	}
	if _, err := output(ctx, work, "cp", "-a", "tree", tree); err != nil { // the cache may be on another disk
		return "", err
	}
	return tree, nil
}

func output(ctx context.Context, folder, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s %s: %w: %s", ErrMissing, name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out), nil
}

// initrd packs the initial file system.
func initrd(tree, address string) ([]byte, error) {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return nil, fmt.Errorf("%w: busybox (Debian: busybox-static)", ErrMissing)
	}
	a := &archive{}
	for _, d := range []string{"bin", "modules", "dev"} {
		a.folder(d)
	}
	if err := a.copy("bin/busybox", busybox, 0o755); err != nil {
		return nil, err
	}
	var order []string
	for _, m := range modules {
		found, err := filepath.Glob(filepath.Join(tree, "lib", "modules", "*", "kernel", m+".ko"))
		if err != nil || len(found) != 1 {
			return nil, fmt.Errorf("kernel module %s: %d found", m, len(found))
		}
		order = append(order, filepath.Base(m))
		if err := a.copy("modules/"+filepath.Base(m)+".ko", found[0], 0o644); err != nil {
			return nil, err
		}
	}
	a.file("modules/order", []byte(strings.Join(order, "\n")+"\n"), 0o644)
	a.file("init", []byte(strings.ReplaceAll(initScript, "ADDRESS", address)), 0o755)
	a.end()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(a.bytes.Bytes()); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
