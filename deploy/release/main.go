package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		if errors.Is(err, errUsage) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

var errUsage = errors.New("wrong usage")

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	out := flags.String("out", "dist", "folder for the release; it is made anew")
	arch := flags.String("arch", runtime.GOARCH, "comma-separated architectures of Linux: amd64, arm64")
	name := flags.String("version", "", "name of the version (default: what git describe says)")
	commit := flags.String("commit", "", "the commit, where git can't be asked: HASH SECONDS, as git log --format='%H %ct' gives it")
	root := flags.String("root", "", "make nothing but an image's file system, in this folder (for deploy/Dockerfile)")
	check := flags.Bool("check", false, "build twice, in two folders, and demand the same bytes; run what was built")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%w: %q: only flags are taken", errUsage, flags.Arg(0))
	}
	version, err := told(*name, *commit)
	if *root == "" {
		version, err = describe(ctx, ".", *name)
	}
	if err != nil {
		return err
	}
	r := &release{
		sources:  ".",
		version:  version,
		programs: programs,
		settings: "drover/internal/cli/service",
		out:      os.Stdout,
		log:      os.Stderr,
	}
	for _, a := range strings.Split(*arch, ",") {
		if a != "amd64" && a != "arm64" {
			return fmt.Errorf("%w: -arch %q: want amd64 or arm64", errUsage, a)
		}
		r.archs = append(r.archs, a)
	}
	if *root != "" {
		return r.lay(ctx, *root)
	}
	if err := r.make(ctx, *out); err != nil {
		return err
	}
	if *check {
		return r.check(ctx, *out)
	}
	return nil
}

// check makes the release once more, from a copy of the sources elsewhere, and
// compares; then it runs every program of the package.
func (r *release) check(ctx context.Context, out string) error {
	dir, err := os.MkdirTemp("", "drover-release-")
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	defer os.RemoveAll(dir)
	again := *r
	again.sources = filepath.Join(dir, "sources")
	if err := copySources(ctx, r.sources, again.sources); err != nil {
		return err
	}
	second := filepath.Join(dir, "dist")
	if err := again.make(ctx, second); err != nil {
		return err
	}
	if err := sameBytes(out, second); err != nil {
		return err
	}
	ran := 0
	for _, a := range r.archs {
		if a == runtime.GOARCH {
			ran = len(r.programs)
			if err := r.tryPackage(ctx, filepath.Join(out, r.debianName(a)), dir); err != nil {
				return err
			}
		}
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	_, err = fmt.Fprintf(
		r.out,
		`{"version":%q,"files":%d,"differ":0,"programs_run":%d}`+"\n",
		r.version.Name,
		len(entries),
		ran,
	)
	return err
}
