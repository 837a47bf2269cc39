package client

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"
)

// Context says where a fleet is and how to come in.
type Context struct {
	Server    string `yaml:"server,omitempty"`
	Fleet     string `yaml:"fleet,omitempty"`
	TokenFile string `yaml:"token_file,omitempty"`
	CA        string `yaml:"ca,omitempty"`
	Cert      string `yaml:"cert,omitempty"`
	Key       string `yaml:"key,omitempty"`
}

// File is the file of contexts.
type File struct {
	Current  string             `yaml:"current"`
	Contexts map[string]Context `yaml:"contexts"`
}

// defaultServer is where `drover up` listens.
const defaultServer = "http://127.0.0.1:8080"

// Flags are those of every command that talks to a server.
type Flags struct {
	Context
	Name string // of the context
	File string
}

// Register adds the flags.
func (f *Flags) Register(set *pflag.FlagSet) {
	set.StringVar(&f.Server, "server", "", "URL of drover up or drover web (default: the context's, DROVER_SERVER, or "+defaultServer+")")
	set.StringVar(&f.Fleet, "fleet", "", "fleet (default: the context's, or the only one there is)")
	set.StringVar(&f.TokenFile, "token-file", "", "file that holds your token")
	set.StringVar(&f.CA, "ca", "", "PEM file of the authority that signed the server's certificate")
	set.StringVar(&f.Cert, "cert", "", "PEM file of your certificate")
	set.StringVar(&f.Key, "key", "", "PEM file of its key")
	set.StringVar(&f.Name, "context", os.Getenv("DROVER_CONTEXT"), "context of the file of contexts")
	set.StringVar(&f.File, "contexts", "", "file of contexts (default: DROVER_CONTEXTS, or ~/.config/drover/contexts.yaml)")
}

// Path returns where the file of contexts is.
func (f *Flags) Path() (string, error) {
	if p := cmp.Or(f.File, os.Getenv("DROVER_CONTEXTS")); p != "" {
		return p, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("file of contexts: %w; name one with --contexts", err)
	}
	return filepath.Join(dir, "drover", "contexts.yaml"), nil
}

// ReadFile reads the file of contexts; one that is not there is empty.
func ReadFile(path string) (*File, error) {
	file := &File{Contexts: map[string]Context{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return file, nil
	}
	if err != nil {
		return nil, fmt.Errorf("file of contexts: %w", err)
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(file); err != nil {
		return nil, fmt.Errorf("file of contexts %s: %w", path, err)
	}
	if file.Contexts == nil {
		file.Contexts = map[string]Context{}
	}
	return file, nil
}

// Write writes the file for its owner alone.
func (file *File) Write(path string) error {
	text, err := yaml.Marshal(file)
	if err != nil {
		return fmt.Errorf("file of contexts: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("file of contexts: %w", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("file of contexts: %w", err)
	}
	return nil
}

// Settle merges flags over the environment over the context.
func (f *Flags) Settle() (Context, error) {
	path, err := f.Path()
	if err != nil && f.Name == "" {
		path = os.DevNull // no home: flags and environment alone
	} else if err != nil {
		return Context{}, err
	}
	file, err := ReadFile(path)
	if err != nil {
		return Context{}, err
	}
	name := cmp.Or(f.Name, file.Current)
	from, known := file.Contexts[name]
	if name != "" && !known {
		return Context{}, fmt.Errorf("context %q is not in %s; `drover context list` shows what is", name, path)
	}
	return Context{
		Server: cmp.Or(f.Server, os.Getenv("DROVER_SERVER"), from.Server, defaultServer), Fleet: cmp.Or(f.Fleet, from.Fleet),
		TokenFile: cmp.Or(f.TokenFile, os.Getenv("DROVER_TOKEN_FILE"), from.TokenFile), CA: cmp.Or(f.CA, from.CA), Cert: cmp.Or(f.Cert, from.Cert), Key: cmp.Or(f.Key, from.Key),
	}, nil
}

// Open settles the flags and returns a client.
func (f *Flags) Open() (*Client, error) {
	c, err := f.Settle()
	if err != nil {
		return nil, err
	}
	return New(c)
}
