// Package schemas holds the wire contracts: one Avro schema a topic, each
// complete in its own file, so that a producer in another language needs
// nothing else. How they may change is in docs/topics.md.
package schemas

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed *.avsc
var files embed.FS

// Topics returns the logical names of the topics that have a schema, sorted.
func Topics() []string {
	names, err := fs.Glob(files, "*.avsc")
	if err != nil {
		return nil // only a bad pattern fails
	}
	for i := range names {
		names[i] = strings.TrimSuffix(names[i], ".avsc")
	}
	return names
}

// Of returns the Avro schema of a topic, as JSON.
func Of(topic string) (string, error) {
	b, err := files.ReadFile(topic + ".avsc")
	if err != nil {
		return "", fmt.Errorf("no schema for topic %q: want one of %s", topic, strings.Join(Topics(), ", "))
	}
	return string(b), nil
}
