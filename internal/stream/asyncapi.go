package stream

import (
	"bytes"
	"encoding/json"
	"fmt"

	"drover/schemas"
)

// AsyncAPI returns the AsyncAPI 3.0 document of the topics as JSON: a channel a
// topic, a message with its Avro schema, and an operation for every service
// that sends or receives.
func AsyncAPI(prefix string) ([]byte, error) {
	channels, operations, messages := map[string]any{}, map[string]any{}, map[string]any{}
	for _, t := range topology {
		text, err := schemas.Of(t.Name)
		if err != nil {
			return nil, fmt.Errorf("asyncapi: %w", err)
		}
		message := map[string]any{
			"name":        t.Name,
			"title":       "One record of " + t.Name,
			"contentType": "application/vnd.apache.avro",
			"headers": map[string]any{"type": "object", "properties": map[string]any{
				headerTrace:  map[string]any{"type": "string", "description": "W3C Trace Context"},
				headerSource: map[string]any{"type": "string", "description": "deterministic id: the input that caused the record (stage/topic/partition)"},
				headerOffset: map[string]any{"type": "string", "description": "deterministic id: that input's offset"},
				headerIndex:  map[string]any{"type": "string", "description": "deterministic id: place among what that input caused"},
			}},
			"payload": map[string]any{"schemaFormat": "application/vnd.apache.avro+json;version=1.9.0", "schema": json.RawMessage(text)},
			"bindings": map[string]any{"kafka": map[string]any{"bindingVersion": "0.5.0", "schemaIdLocation": "payload",
				"schemaIdPayloadEncoding": "confluent",
				"key":                     map[string]any{"type": "string", "pattern": `^[^|]+\|`, "description": "fleet|" + t.Key + "; parted by the " + t.Parting.String()}}},
		}
		messages[t.Name] = message
		channels[t.Name] = map[string]any{
			"address":     prefix + t.Name,
			"description": fmt.Sprintf("Key: %s, parted by the %s. Kept: %s.", t.Key, t.Parting, t.Why),
			"messages":    map[string]any{t.Name: map[string]any{"$ref": "#/components/messages/" + t.Name}},
			"bindings":    map[string]any{"kafka": map[string]any{"bindingVersion": "0.5.0", "topic": prefix + t.Name, "partitions": Partitions{}.Of(t)}},
		}
		for _, service := range t.Writers {
			operations[service+"-sends-"+t.Name] = operation("send", t.Name)
		}
		for _, service := range t.Readers {
			operations[service+"-receives-"+t.Name] = operation("receive", t.Name)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(map[string]any{
		"asyncapi":   "3.0.0",
		"info":       map[string]any{"title": "Drover's topics", "version": "1", "description": "Made by `drover topics asyncapi` from the table of topics."},
		"channels":   channels,
		"operations": operations,
		"components": map[string]any{"messages": messages},
	})
	return b.Bytes(), err
}

func operation(action, topic string) map[string]any {
	return map[string]any{"action": action, "channel": map[string]any{"$ref": "#/channels/" + topic}}
}
