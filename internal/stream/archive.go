package stream

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linkedin/goavro/v2"
)

// archiveSchema is that of a container file: a record as it stands on Kafka.
const archiveSchema = `{"type":"record","name":"Record","namespace":"drover.archive","fields":[
{"name":"offset","type":"long"},{"name":"time_ms","type":"long"},
{"name":"key","type":["null","bytes"]},{"name":"value","type":["null","bytes"]},
{"name":"headers","type":{"type":"array","items":{"type":"record","name":"Header","fields":[
{"name":"key","type":"string"},{"name":"value","type":"bytes"}]}}}]}`

// The keys of a container file's metadata. metaSchema is followed by the id
// under which payloads name the schema.
const (
	metaTopic     = "drover.topic"
	metaPartition = "drover.partition"
	metaSchema    = "drover.schema."
)

// archiveBlock is how many records a block of a container file holds.
const archiveBlock = 1000

// Archive is a directory of Avro container files, one for each partition:
// TOPIC/PARTITION.avro. The files carry the schemas of what they hold, so that
// they can be read when no registry knows them any more.
type Archive struct{ Dir string }

func (a Archive) path(topic string, partition int32) string {
	return filepath.Join(a.Dir, topic, fmt.Sprintf("%04d.avro", partition))
}

// Save writes the records of topics between two bounds into files that are not
// there yet, and returns how many.
func (a Archive) Save(ctx context.Context, c *Connection, from, to Bound, topics ...string) (n int64, err error) {
	files := map[place]*archiveFile{}
	defer func() {
		for _, f := range files {
			err = errors.Join(err, f.close(err == nil))
		}
	}()
	err = c.ReadRange(ctx, from, to, func(r Raw) error {
		at := place{r.Topic, r.Partition}
		f := files[at]
		if f == nil {
			var err error
			if f, err = a.create(ctx, c, r.Topic, r.Partition, r.Value); err != nil {
				return err
			}
			files[at] = f
		}
		n++
		return f.add(ctx, c, r)
	}, topics...)
	return n, err
}

// archiveFile is a container file that is being written.
type archiveFile struct {
	path  string
	file  *os.File
	buf   *bufio.Writer
	ocf   *goavro.OCFWriter
	known map[uint32]bool // schemas that the metadata carries
	block []any
}

func (a Archive) create(ctx context.Context, c *Connection, topic string, partition int32, first []byte) (*archiveFile, error) {
	f := &archiveFile{path: a.path(topic, partition), known: map[uint32]bool{}}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if _, err := os.Stat(f.path); err == nil {
		return nil, fmt.Errorf("archive: %s is there already: choose another directory", f.path)
	}
	meta := map[string][]byte{metaTopic: []byte(topic), metaPartition: []byte(strconv.Itoa(int(partition)))}
	if id, ok := payloadSchema(first); ok {
		text, err := c.codec.Schema(ctx, id)
		if err == nil {
			meta[metaSchema+strconv.Itoa(int(id))] = []byte(text)
			f.known[id] = true
		}
	}
	own, text, err := c.codec.Own(topic)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	meta[metaSchema+strconv.Itoa(int(own))], f.known[own] = []byte(text), true
	if f.file, err = os.Create(f.path + ".part"); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	f.buf = bufio.NewWriterSize(f.file, 1<<18)
	f.ocf, err = goavro.NewOCFWriter(goavro.OCFConfig{W: f.buf, Schema: archiveSchema, CompressionName: goavro.CompressionSnappyLabel, MetaData: meta})
	if err != nil {
		return nil, fmt.Errorf("archive: %s: %w", f.path, err)
	}
	return f, nil
}

// payloadSchema returns the schema id that a payload names.
func payloadSchema(value []byte) (uint32, bool) {
	if len(value) < 5 || value[0] != 0 {
		return 0, false
	}
	return binary.BigEndian.Uint32(value[1:]), true
}

func (f *archiveFile) add(_ context.Context, _ *Connection, r Raw) error {
	headers := make([]any, len(r.Headers))
	for i, h := range r.Headers {
		headers[i] = map[string]any{"key": h.Key, "value": nonNil(h.Value)}
	}
	f.block = append(f.block, map[string]any{"offset": r.Offset, "time_ms": r.Time.UnixMilli(),
		"key": optional(r.Key), "value": optional(r.Value), "headers": headers})
	if len(f.block) < archiveBlock {
		return nil
	}
	return f.flush()
}

func (f *archiveFile) flush() error {
	if len(f.block) == 0 {
		return nil
	}
	if err := f.ocf.Append(f.block); err != nil {
		return fmt.Errorf("archive: %s: %w", f.path, err)
	}
	f.block = f.block[:0]
	return nil
}

// close finishes the file; only a whole one gets its name.
func (f *archiveFile) close(whole bool) error {
	err := errors.Join(f.flush(), f.buf.Flush(), f.file.Close())
	if whole && err == nil {
		return os.Rename(f.path+".part", f.path)
	}
	return errors.Join(err, os.Remove(f.path+".part"))
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func optional(b []byte) any {
	if b == nil {
		return nil
	}
	return goavro.Union("bytes", b)
}

// Topics returns the topics that the archive holds, and how many partitions of
// each.
func (a Archive) Topics() (map[string]int32, error) {
	paths, err := filepath.Glob(filepath.Join(a.Dir, "*", "*.avro"))
	if err != nil || len(paths) == 0 {
		return nil, errors.Join(fmt.Errorf("archive: no container files in %s", a.Dir), err)
	}
	out := map[string]int32{}
	for _, path := range paths {
		n, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), ".avro"), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("archive: %s: want PARTITION.avro", path)
		}
		topic := filepath.Base(filepath.Dir(path))
		out[topic] = max(out[topic], int32(n)+1)
	}
	return out, nil
}

// Read hands every record of a topic to fn, partition by partition. Payloads name
// the schemas by the ids that schema gives for texts; nil leaves them as saved.
func (a Archive) Read(topic string, schema func(topic, text string) (uint32, error), fn func(Raw) error) error {
	paths, err := filepath.Glob(filepath.Join(a.Dir, topic, "*.avro"))
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	slices.Sort(paths)
	for _, path := range paths {
		if err := readArchive(path, schema, fn); err != nil {
			return fmt.Errorf("archive: %s: %w", path, err)
		}
	}
	return nil
}

func readArchive(path string, schema func(topic, text string) (uint32, error), fn func(Raw) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	ocf, err := goavro.NewOCFReader(bufio.NewReaderSize(file, 1<<18))
	if err != nil {
		return err
	}
	meta := ocf.MetaData()
	partition, err := strconv.ParseInt(string(meta[metaPartition]), 10, 32)
	topic := string(meta[metaTopic])
	if err != nil || topic == "" {
		return errors.New("its metadata names no topic and partition: it is not of `drover archive`")
	}
	ids, err := renamed(topic, meta, schema)
	if err != nil {
		return err
	}
	for ocf.Scan() {
		native, err := ocf.Read()
		if err != nil {
			return err
		}
		r, err := archived(native)
		if err != nil {
			return err
		}
		r.Topic, r.Partition = topic, int32(partition)
		if id, ok := payloadSchema(r.Value); ok && ids[id] != 0 {
			binary.BigEndian.PutUint32(r.Value[1:], ids[id])
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	if err := ocf.Err(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// renamed returns the ids that the schemas of a file have here.
func renamed(topic string, meta map[string][]byte, schema func(topic, text string) (uint32, error)) (map[uint32]uint32, error) {
	ids := map[uint32]uint32{}
	if schema == nil {
		return ids, nil
	}
	for key, text := range meta {
		number, ok := strings.CutPrefix(key, metaSchema)
		if !ok {
			continue
		}
		old, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("metadata %s: %w", key, err)
		}
		if ids[uint32(old)], err = schema(topic, string(text)); err != nil {
			return nil, fmt.Errorf("schema %d: %w", old, err)
		}
	}
	return ids, nil
}

var errArchived = errors.New("a record is not of the archive's schema")

// archived reads one native value of the archive's schema.
func archived(native any) (r Raw, err error) {
	fields, ok := native.(map[string]any)
	if !ok {
		return r, errArchived
	}
	bytesOf := func(v any) []byte {
		if union, ok := v.(map[string]any); ok {
			b, _ := union["bytes"].([]byte)
			return nonNil(b)
		}
		return nil
	}
	var okOffset, okTime bool
	var ms int64
	r.Offset, okOffset = fields["offset"].(int64)
	ms, okTime = fields["time_ms"].(int64)
	if !okOffset || !okTime {
		return r, errArchived
	}
	r.Time, r.Key, r.Value = time.UnixMilli(ms), bytesOf(fields["key"]), bytesOf(fields["value"])
	headers, _ := fields["headers"].([]any)
	for _, h := range headers {
		pair, ok := h.(map[string]any)
		if !ok {
			return r, errArchived
		}
		key, _ := pair["key"].(string)
		value, _ := pair["value"].([]byte)
		r.Headers = append(r.Headers, RawHeader{key, value})
	}
	return r, nil
}
