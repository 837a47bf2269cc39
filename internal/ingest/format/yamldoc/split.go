// Package yamldoc splits a YAML stream into its documents, so that each can be
// decoded, and refused, on its own.
//
// A decoder's tree takes many times the bytes of its text; documents are
// therefore bounded in size and in nodes. Kubernetes itself stores no object
// above 1.5 MB.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"

	"drover/internal/ingest/format/jsonscan"
)

// Bounds of one document.
const (
	MaxBytes = 1 << 20
	maxNodes = 150_000
	// maxKeys bounds one mapping: the decoder compares every key with every other.
	maxKeys = 5000
)

// maxDocuments bounds one stream: each costs a decoder.
const maxDocuments = 5000

// MaxTotalBytes bounds one stream: decoding YAML costs about half a second of
// CPU a megabyte, twice if checked for unknown fields.
const MaxTotalBytes = 2 << 20

// CheckTotal refuses a stream that is too large.
func CheckTotal(data []byte) error {
	if len(data) > MaxTotalBytes {
		return fmt.Errorf("%d bytes of YAML: at most %d are read, send it in parts", len(data), MaxTotalBytes)
	}
	return CheckCount(data)
}

// CheckCount refuses a stream of too many documents.
func CheckCount(data []byte) error {
	if n := bytes.Count(data, []byte("\n---")); n > maxDocuments {
		return fmt.Errorf("%d documents of YAML: at most %d are read, send them in parts", n, maxDocuments)
	}
	return nil
}

// Top returns the plain text behind a key at the top of a document, without
// decoding it; empty: none.
func Top(document []byte, key string) string {
	for row := range bytes.Lines(document) {
		value, ok := bytes.CutPrefix(row, []byte(key+":"))
		if !ok {
			continue
		}
		value, _, _ = bytes.Cut(value, []byte(" #"))
		return string(bytes.Trim(value, " \t\r\n\"'"))
	}
	return ""
}

// Documents calls yield with each document of data and the line it starts at.
// Documents of nothing but comments are passed over.
func Documents(data []byte, yield func(document []byte, line int)) {
	data = jsonscan.BOM(data)
	start, line := 0, 1
	at := 1
	for i := 0; i <= len(data); {
		end := bytes.IndexByte(data[i:], '\n')
		next := len(data) + 1
		row := data[i:]
		if end >= 0 {
			row, next = data[i:i+end], i+end+1
		}
		if separator(row) {
			emit(data[start:i], line, yield)
			start, line = min(next, len(data)), at+1
		}
		i = next
		at++
	}
	emit(data[start:], line, yield)
}

// separator tells whether a row parts two documents.
func separator(row []byte) bool {
	row = bytes.TrimRight(row, " \t\r")
	return string(row) == "---" || string(row) == "..." || bytes.HasPrefix(row, []byte("--- #"))
}

func emit(document []byte, line int, yield func([]byte, int)) {
	for rest := document; len(rest) > 0; {
		row, after, _ := bytes.Cut(rest, []byte("\n"))
		if row = bytes.TrimSpace(row); len(row) > 0 && row[0] != '#' {
			yield(document, line)
			return
		}
		rest = after
	}
}

// Decode decodes one document within the bounds; strict refuses unknown fields.
// A fault of the decoder is an error like any other.
func Decode(document []byte, into any, strict bool) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("yaml: %v", fault)
		}
	}()
	var root yaml.Node
	if err := check(document, &root); err != nil {
		return err
	}
	if !strict {
		return Plain(root.Decode(into))
	}
	decoder := yaml.NewDecoder(bytes.NewReader(document))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); !errors.Is(err, io.EOF) {
		return Plain(err)
	}
	return nil
}

// Check refuses a document that costs too much to decode, or is no YAML.
func Check(document []byte) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("yaml: %v", fault)
		}
	}()
	return check(document, &yaml.Node{})
}

func check(document []byte, root *yaml.Node) error {
	if len(document) > MaxBytes {
		return fmt.Errorf("a document of %d bytes: at most %d are read, split it with ---", len(document), MaxBytes)
	}
	nodes := 0
	for _, b := range document {
		switch b {
		case ',', '\n', ':', '[', '{', '-':
			nodes++
		}
	}
	if nodes > maxNodes {
		return errors.New("a document with too many entries: split it with ---")
	}
	if err := yaml.Unmarshal(document, root); err != nil {
		return err
	}
	return checkKeys(root)
}

// checkKeys refuses mappings with too many keys or the same key twice. The
// decoder would find the latter too, and make an error of every pair.
func checkKeys(n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		if len(n.Content)/2 > maxKeys {
			return fmt.Errorf("line %d: a mapping of more than %d keys", n.Line, maxKeys)
		}
		seen := make(map[string]bool, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.Value == "<<" {
				continue
			}
			if seen[key.Value] {
				return fmt.Errorf("line %d: key %q comes twice", key.Line, key.Value)
			}
			seen[key.Value] = true
		}
	}
	for _, c := range n.Content {
		if err := checkKeys(c); err != nil {
			return err
		}
	}
	return nil
}
