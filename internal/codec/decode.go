package codec

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"drover/internal/codec/avro"
	"drover/internal/model"
)

// errUnreadable marks a schema that will never do, whoever asks again.
var errUnreadable = errors.New("not readable as ours")

// Decode returns the event that a topic's payload holds. An *Error means that
// the payload will never be read; any other error that the registry could not
// be asked, and that it may be read later.
func (c *Codec) Decode(topicName string, payload []byte) (any, error) {
	_, event, err := c.DecodeRecord(topicName, payload)
	return event, err
}

// DecodeRecord is Decode that returns the envelope's fleet as well, which
// heartbeats, markers and dead letters don't hold themselves.
func (c *Codec) DecodeRecord(topicName string, payload []byte) (model.FleetID, any, error) {
	r := c.coders.Get().(*coder)
	defer c.coders.Put(r)
	return c.decode(r, topicName, payload)
}

// Decoder is a Decode for one goroutine, which keeps its table of names.
type Decoder struct {
	codec *Codec
	coder coder
}

// NewDecoder returns a decoder for one goroutine.
func (c *Codec) NewDecoder() *Decoder {
	return &Decoder{codec: c, coder: coder{names: newNames()}}
}

// Decode is Codec.DecodeRecord.
func (d *Decoder) Decode(topicName string, payload []byte) (model.FleetID, any, error) {
	return d.codec.decode(&d.coder, topicName, payload)
}

func (c *Codec) decode(r *coder, topicName string, payload []byte) (model.FleetID, any, error) {
	t := c.topics[topicName]
	if t == nil {
		return "", nil, &Error{Class: ClassSchema, Topic: topicName, Err: errors.New("no such topic")}
	}
	if len(payload) < headerSize || payload[0] != 0 {
		return "", nil, &Error{Class: ClassDecode, Topic: topicName, Err: errors.New("no schema id: want a zero byte and four bytes of id first")}
	}
	body := payload[headerSize:]
	if id := binary.BigEndian.Uint32(payload[1:]); id != t.id {
		resolver, err := c.resolver(t, id)
		if err != nil {
			return "", nil, err
		}
		if body, err = resolver.Resolve(nil, body); err != nil {
			return "", nil, &Error{Class: ClassDecode, Topic: topicName, Err: fmt.Errorf("written with schema %d: %w", id, err)}
		}
	}
	if event, ok := t.fastMetric(r, body); ok {
		return model.FleetID(r.fleet), event, nil
	}
	event, err := t.read(r, body)
	if err != nil {
		return "", nil, classed(topicName, ClassDecode, err)
	}
	return model.FleetID(r.fleet), event, nil
}

func (t *topic) read(r *coder, body []byte) (any, error) {
	r.buf, r.reading, r.err, r.fleet, r.producer = body, true, nil, "", ""
	name(r, &r.fleet)
	name(r, &r.producer)
	var branch int64
	r.long(&branch)
	if r.err != nil {
		return nil, r.err
	}
	if branch < 0 || branch >= int64(len(t.kinds)) {
		return nil, fmt.Errorf("body has branch %d of %d", branch, len(t.kinds))
	}
	event := table[t.kinds[branch]].read(r)
	rest := len(r.buf)
	r.buf = nil
	if r.err != nil {
		return nil, fmt.Errorf("%s: %w", table[t.kinds[branch]].name, r.err)
	}
	if rest > 0 {
		return nil, fmt.Errorf("%d bytes after the value", rest)
	}
	return event, nil
}

// resolver returns what rewrites the payloads of a foreign schema, from memory
// where it has been met before. That a schema is unknown is remembered too: the
// registry is asked once, not once a record.
func (c *Codec) resolver(t *topic, id uint32) (*avro.Resolver, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := writerKey{t.name, id}
	r, met := c.writers[key]
	if !met {
		var err error
		if r, err = c.newResolver(t, id); err != nil {
			if !errors.Is(err, errUnreadable) {
				return nil, fmt.Errorf("registry: %w", err)
			}
			if len(c.writers) < maxWriters {
				c.writers[key] = nil
			}
			return nil, &Error{Class: ClassSchema, Topic: t.name, Err: err}
		}
		c.writers[key] = r
	}
	if r == nil {
		return nil, &Error{Class: ClassSchema, Topic: t.name, Err: fmt.Errorf("schema %d is unknown or can't be read as ours", id)}
	}
	return r, nil
}

// maxWriters bounds how many unreadable schema ids are remembered: ids come
// from outside.
const maxWriters = 10_000

// registryPatience is how long one schema may take to come.
const registryPatience = 10 * time.Second

func (c *Codec) newResolver(t *topic, id uint32) (*avro.Resolver, error) {
	ctx, cancel := context.WithTimeout(context.Background(), registryPatience)
	defer cancel()
	text, err := c.registry.Schema(ctx, int(id))
	if errors.Is(err, ErrUnknownSchema) {
		err = fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if err != nil {
		return nil, fmt.Errorf("schema %d: %w", id, err)
	}
	writer, err := avro.Parse(text)
	if err == nil {
		err = avro.Compatible(writer, t.schema)
	}
	if err != nil {
		return nil, fmt.Errorf("schema %d: %w: %w", id, errUnreadable, err)
	}
	return avro.NewResolver(writer, t.schema), nil
}
