package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"drover/internal/cli"
)

func TestReadInput(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"plain": "a 1\n", "gz": "\x1f\x8b\x08x", "zip": "PK\x03\x04x", "utf16": "\xff\xfea\x00"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"plain": "", "-": "", "gz": "is compressed with gzip: unpack it, for example zcat FILE", "zip": "unzip -p",
		"utf16": "is UTF-16: want UTF-8", "nothing": "no such file", ".": "is a directory: name its files"} {
		path := name
		if name != "-" {
			path = filepath.Join(dir, name)
		}
		data, err := cli.ReadInput(strings.NewReader("a 1\n"), path)
		if err == nil {
			err = cli.PlainText(path, data)
		}
		switch {
		case want == "" && (err != nil || string(data) != "a 1\n"):
			t.Errorf("%s: %q, %v", name, data, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path)):
			t.Errorf("%s: %v, want %q with the file's name", name, err, want)
		}
	}
}

func TestGroupSaysWhatThereIs(t *testing.T) {
	for args, want := range map[string]string{
		"":                         "herd: want a command: count, move or rest",
		"cuont --format x -o json": `herd: no command "cuont": want count, move or rest`,
		"rest":                     "herd rest: want at least one FILE",
	} {
		rest := &cobra.Command{Use: "rest FILE...", Args: cli.WantFiles, RunE: func(*cobra.Command, []string) error { return nil }}
		cmd := cli.Group(&cobra.Command{Use: "herd"}, &cobra.Command{Use: "count"}, &cobra.Command{Use: "move"}, rest)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(strings.Fields(args))
		if err := cmd.Execute(); cli.ExitCode(err) != 2 || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: exit %d, %v; want %q", args, cli.ExitCode(err), err, want)
		}
	}
}
