package containerd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	client "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/runtime/restart"
	"github.com/containerd/containerd/v2/pkg/cio"
	"github.com/containerd/containerd/v2/pkg/oci"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/runtime-spec/specs-go"

	"drover/internal/actuator/process"
	"drover/internal/model"
)

// The labels of a container: what it is called, and what it was made from.
const (
	nameLabel   = "drover.dev/name"
	digestLabel = "drover.dev/spec"
)

// errNoImage says that containerd hasn't the image, and there is no archive of it.
var errNoImage = errors.New("containerd hasn't the image")

// cpuPeriodMicros is the period over which CPU is shared out.
const cpuPeriodMicros = 100_000

// namespaces is where `ip netns` keeps network namespaces.
const namespaces = "/run/netns"

// identifier returns a name that containerd takes: its characters and length are
// limited, so what tells two apart is the digest.
func identifier(name string) string {
	var b strings.Builder
	for _, c := range name[:min(len(name), 40)] {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			b.WriteRune(c)
		} else {
			b.WriteByte('-')
		}
	}
	words := strings.FieldsFunc(b.String(), func(c rune) bool { return c == '-' })
	return strings.Join(append(words, model.Digest(name)[:12]), "-")
}

// digest tells whether two containers would be made alike.
func digest(spec *process.Spec) string {
	text, err := json.Marshal(spec)
	if err != nil {
		return "" // a Spec of texts and numbers always can be
	}
	return model.Digest(string(text))[:16]
}

// image returns the image, imported from the archive where containerd hasn't it,
// and ready to be used.
func (r *Runtime) image(ctx context.Context, spec *process.Spec) (client.Image, error) {
	image, err := r.client.GetImage(ctx, spec.Image)
	if errdefs.IsNotFound(err) {
		if spec.Archive == "" {
			return nil, fmt.Errorf("%w %q in its namespace %q: import it (ctr -n %s images import FILE) or name an archive",
				errNoImage, spec.Image, r.Namespace, r.Namespace)
		}
		image, err = r.load(ctx, spec)
	}
	if err != nil {
		return nil, err
	}
	unpacked, err := image.IsUnpacked(ctx, r.Snapshotter)
	if err == nil && !unpacked {
		err = image.Unpack(ctx, r.Snapshotter)
	}
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", spec.Image, err)
	}
	return image, nil
}

// load imports the archive of an image.
func (r *Runtime) load(ctx context.Context, spec *process.Spec) (client.Image, error) {
	file, err := os.Open(spec.Archive)
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", spec.Image, err)
	}
	defer file.Close()
	loaded, err := r.client.Import(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("image %s: archive %s: %w", spec.Image, spec.Archive, err)
	}
	var names []string
	for _, i := range loaded {
		if i.Name == spec.Image {
			return client.NewImage(r.client, i), nil
		}
		names = append(names, i.Name)
	}
	return nil, fmt.Errorf("%w: archive %s holds %q, not %q", errNoImage, spec.Archive, names, spec.Image)
}

// create makes the container; nothing runs yet.
func (r *Runtime) create(ctx context.Context, spec *process.Spec) error {
	image, err := r.image(ctx, spec)
	if err != nil {
		return err
	}
	log, err := cio.LogURIGenerator("file", r.logPath(spec.Name), nil)
	if err != nil {
		return err
	}
	id := identifier(spec.Name)
	options := []client.NewContainerOpts{
		client.WithImage(image), client.WithSnapshotter(r.Snapshotter), client.WithNewSnapshot(id, image),
		client.WithContainerLabels(map[string]string{nameLabel: spec.Name, digestLabel: digest(spec), restart.LogURILabel: log.String()}),
		client.WithNewSpec(r.shape(spec, image)...),
	}
	_, err = r.client.NewContainer(ctx, id, options...)
	return err
}

// shape says how the container differs from what its image and containerd's
// defaults make of it.
func (r *Runtime) shape(spec *process.Spec, image client.Image) []oci.SpecOpts {
	options := []oci.SpecOpts{oci.WithImageConfig(image), oci.WithEnv(spec.Env)}
	if len(spec.Argv) > 0 {
		options = append(options, oci.WithProcessArgs(spec.Argv...))
	}
	if spec.Dir != "" {
		options = append(options, oci.WithProcessCwd(spec.Dir))
	}
	if spec.User != 0 {
		options = append(options, oci.WithUIDGID(spec.User, spec.Group))
	}
	if spec.Namespace != "" {
		path := filepath.Join(namespaces, spec.Namespace)
		options = append(options, oci.WithLinuxNamespace(specs.LinuxNamespace{Type: specs.NetworkNamespace, Path: path}))
	} else {
		options = append(options, oci.WithHostNamespace(specs.NetworkNamespace), oci.WithHostHostsFile, oci.WithHostResolvconf)
	}
	if r.Unlimited {
		return options
	}
	if spec.CPUMilli > 0 {
		options = append(options, oci.WithCPUCFS(max(spec.CPUMilli*cpuPeriodMicros/1000, 1000), cpuPeriodMicros))
	}
	if spec.MemoryBytes > 0 {
		options = append(options, oci.WithMemoryLimit(uint64(spec.MemoryBytes)))
	}
	return options
}

// prepare makes the container's first process, which begin starts.
func (r *Runtime) prepare(ctx context.Context, c client.Container, name string) error {
	_, err := c.NewTask(ctx, cio.LogURI(&url.URL{Scheme: "file", Path: r.logPath(name)}))
	return err
}

// errAgain says that a container has to be looked at again: its first process
// didn't start, or somebody else has started it.
var errAgain = errors.New("it didn't start")

// begin starts a container's first process. One that has gone on meanwhile isn't
// touched.
func begin(ctx context.Context, task client.Task) error {
	err := task.Start(ctx)
	if err == nil {
		return nil
	}
	status, unknown := task.Status(ctx)
	if unknown != nil || status.Status != client.Created {
		return fmt.Errorf("%w: %w", errAgain, err)
	}
	if _, gone := task.Delete(ctx, client.WithProcessKill); gone != nil && !errdefs.IsNotFound(gone) {
		err = errors.Join(err, gone)
	}
	return err
}

func (r *Runtime) logPath(name string) string {
	return filepath.Join(r.Folder, identifier(name)+".log")
}
