package codec

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"drover/internal/codec/avro"
	"drover/internal/model"
	"drover/schemas"
)

// Registry gives schemas their ids.
type Registry interface {
	// Register returns the id of a topic's schema, after making it known where
	// it is new. A schema that breaks the topic's compatibility is an error.
	Register(ctx context.Context, topic, schema string) (id int, err error)
	// Schema returns the schema of an id.
	Schema(ctx context.Context, id int) (schema string, err error)
}

// headerSize is what stands before the Avro bytes.
const headerSize = 5

// Codec encodes and decodes records. It is safe for concurrent use.
type Codec struct {
	registry Registry
	topics   map[string]*topic
	coders   sync.Pool
	buffers  sync.Pool // of *[]byte, to encode in before the exact size is known
	mu       sync.Mutex
	writers  map[writerKey]*avro.Resolver // nil: can't be read
}

// topic is one topic's schema and what it may carry.
type topic struct {
	name     string
	id       uint32
	schema   *avro.Schema
	kinds    []int           // kind by the body's branch
	branches [kindCount]int8 // branch by kind; -1: not carried
}

// writerKey is a writer's schema as met in a topic.
type writerKey struct {
	topic string
	id    uint32
}

// New registers the schemas of all topics and returns a codec that writes with
// them.
func New(ctx context.Context, registry Registry) (*Codec, error) {
	c := &Codec{registry: registry, topics: map[string]*topic{}, writers: map[writerKey]*avro.Resolver{}}
	c.coders.New = func() any { return &coder{names: newNames()} }
	c.buffers.New = func() any { return new([]byte) }
	for _, name := range schemas.Topics() {
		text, err := schemas.Of(name)
		if err != nil {
			return nil, fmt.Errorf("codec: %w", err)
		}
		t, err := newTopic(name, text)
		if err != nil {
			return nil, fmt.Errorf("codec: schema of topic %s: %w", name, err)
		}
		id, err := registry.Register(ctx, name, text)
		if err != nil {
			return nil, fmt.Errorf("codec: register the schema of topic %s: %w", name, err)
		}
		t.id = uint32(id)
		c.topics[name] = t
	}
	return c, nil
}

func newTopic(name, text string) (*topic, error) {
	t := &topic{name: name}
	var err error
	if t.schema, err = avro.Parse(text); err != nil {
		return nil, err
	}
	for k := range t.branches {
		t.branches[k] = -1
	}
	fields := t.schema.Fields
	if len(fields) != 3 || fields[2].Type.Kind != avro.Union {
		return nil, errors.New("want the fields fleet, producer and body, a union")
	}
	for i, b := range fields[2].Type.Branches {
		kind := kindNamed(b.Name)
		if kind < 0 {
			return nil, fmt.Errorf("no event is called %s", b.Name)
		}
		t.kinds, t.branches[kind] = append(t.kinds, kind), int8(i)
	}
	return t, nil
}

func kindNamed(full string) int {
	for k, e := range table {
		if full == "drover."+e.name {
			return k
		}
	}
	return -1
}

// Events returns the names of the event types that a topic carries, in the
// order of its schema.
func Events(topicName string) ([]string, error) {
	text, err := schemas.Of(topicName)
	if err != nil {
		return nil, err
	}
	t, err := newTopic(topicName, text)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(t.kinds))
	for i, k := range t.kinds {
		out[i] = table[k].name
	}
	return out, nil
}

// TypeName returns the name of an event's type on the wire; empty for a value
// that is no event.
func TypeName(event any) string {
	if k := kindOf(event); k >= 0 {
		return table[k].name
	}
	return ""
}

// Encode returns an event's payload for a topic. The fleet goes into the
// envelope and must be the event's own where it names one.
func (c *Codec) Encode(topicName string, fleet model.FleetID, event any) ([]byte, error) {
	buf := c.buffers.Get().(*[]byte)
	defer c.buffers.Put(buf)
	out, err := c.Append((*buf)[:0], topicName, fleet, event)
	if err != nil {
		return nil, err
	}
	if cap(out) <= 1<<20 { // one huge plan should not be remembered for ever
		*buf = out[:0]
	}
	return slices.Clone(out), nil
}

// Append is Encode that appends to dst.
func (c *Codec) Append(dst []byte, topicName string, fleet model.FleetID, event any) ([]byte, error) {
	t := c.topics[topicName]
	if t == nil {
		return nil, &Error{Class: ClassSchema, Topic: topicName, Err: errors.New("no such topic")}
	}
	kind := kindOf(event)
	if kind < 0 || t.branches[kind] < 0 {
		return nil, &Error{Class: ClassValue, Topic: topicName, Err: fmt.Errorf("it does not carry %T", event)}
	}
	own, producer, hasFleet := table[kind].head(event)
	if hasFleet && own != fleet {
		return nil, &Error{Class: ClassValue, Topic: topicName, Err: fmt.Errorf("a %s of fleet %q sent as fleet %q's", table[kind].name, own, fleet)}
	}
	w := c.coders.Get().(*coder)
	defer c.coders.Put(w)
	w.reading, w.err = false, nil
	w.buf = binary.BigEndian.AppendUint32(append(dst, 0), t.id)
	text(w, &fleet)
	text(w, &producer)
	w.buf = append(w.buf, byte(t.branches[kind]<<1))
	table[kind].write(w, event)
	out, err := w.buf, w.err
	w.buf = nil
	if err != nil {
		return nil, classed(topicName, ClassValue, err)
	}
	return out, nil
}

// classed makes err an *Error of a topic, of its own class where it has one.
func classed(topicName, class string, err error) error {
	var e *Error
	if errors.As(err, &e) {
		return &Error{Class: e.Class, Topic: topicName, Err: e.Err}
	}
	return &Error{Class: class, Topic: topicName, Err: err}
}

// Own returns the id and the text of the schema that a topic is written with.
func (c *Codec) Own(topicName string) (id uint32, text string, err error) {
	t := c.topics[topicName]
	if t == nil {
		return 0, "", &Error{Class: ClassSchema, Topic: topicName, Err: errors.New("no such topic")}
	}
	text, err = schemas.Of(topicName)
	return t.id, text, err
}

// Schema returns the text of a schema that payloads name.
func (c *Codec) Schema(ctx context.Context, id uint32) (string, error) {
	return c.registry.Schema(ctx, int(id))
}

// Register returns the id of a schema for a topic, new where it is not known.
func (c *Codec) Register(ctx context.Context, topicName, text string) (uint32, error) {
	id, err := c.registry.Register(ctx, topicName, text)
	return uint32(id), err
}
