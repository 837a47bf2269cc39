package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// maxInputBytes bounds what one file may hold.
const maxInputBytes = 1 << 30

// packed lists how compressed files begin, and what unpacks them.
var packed = []struct{ magic, name, unpack string }{
	{"\x1f\x8b", "gzip", "zcat"},
	{"BZh91AY&SY", "bzip2", "bzcat"},
	{"\xfd7zXZ\x00", "xz", "xzcat"},
	{"\x28\xb5\x2f\xfd", "zstandard", "zstdcat"},
	{"PK\x03\x04", "zip", "unzip -p"},
}

// ReadInput reads a file whole; "-" is in. A directory, a compressed file and one
// that is too large are refused with what to do instead.
func ReadInput(in io.Reader, name string) ([]byte, error) {
	var data []byte
	var err error
	if name == "-" {
		data, err = io.ReadAll(io.LimitReader(in, maxInputBytes+1))
	} else if err = readable(name); err == nil {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, err
	}
	if len(data) > maxInputBytes {
		return nil, fmt.Errorf("%s: larger than %d bytes: split it", name, maxInputBytes)
	}
	for _, p := range packed {
		if bytes.HasPrefix(data, []byte(p.magic)) {
			return nil, fmt.Errorf("%s: is compressed with %s: unpack it, for example %s FILE | ... -", name, p.name, p.unpack)
		}
	}
	return data, nil
}

// readable refuses what can't be read whole before any of it is.
func readable(name string) error {
	status, err := os.Stat(name)
	switch {
	case err != nil:
		return err
	case status.IsDir():
		return fmt.Errorf("%s: is a directory: name its files", name)
	case status.Size() > maxInputBytes:
		return fmt.Errorf("%s: larger than %d bytes: split it", name, maxInputBytes)
	}
	return nil
}

// PlainText refuses UTF-16, which PowerShell writes unless told otherwise.
func PlainText(name string, data []byte) error {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return fmt.Errorf("%s: is UTF-16: want UTF-8, for example iconv -f UTF-16 -t UTF-8 FILE | ... -", name)
	}
	return nil
}
