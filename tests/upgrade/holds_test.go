package upgrade

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

// holds tells whether a JSON text says all that an earlier one said; it may say
// more.
func holds(was, is []byte) error {
	var before, now any
	if err := json.Unmarshal(was, &before); err != nil {
		return err
	}
	if err := json.Unmarshal(is, &now); err != nil {
		return err
	}
	return contains(before, now)
}

func contains(was, is any) error {
	switch was := was.(type) {
	case map[string]any:
		other, ok := is.(map[string]any)
		if !ok {
			return fmt.Errorf("%T in place of an object", is)
		}
		for key, value := range was {
			if err := contains(value, other[key]); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
	case []any:
		other, ok := is.([]any)
		if !ok || len(other) != len(was) {
			return fmt.Errorf("%v in place of %v", is, was)
		}
		for i := range was {
			if err := contains(was[i], other[i]); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
	default:
		if !reflect.DeepEqual(was, is) {
			return fmt.Errorf("%v in place of %v", is, was)
		}
	}
	return nil
}

func TestHolds(t *testing.T) {
	was := `{"a":1,"b":[{"c":"x"}]}`
	if err := holds([]byte(was), []byte(`{"b":[{"c":"x","new":true}],"a":1,"z":0}`)); err != nil {
		t.Error(err)
	}
	for _, is := range []string{`{"a":2,"b":[{"c":"x"}]}`, `{"a":1,"b":[]}`, `{"a":1}`, `{"a":1,"b":[{}]}`, `[]`} {
		if holds([]byte(was), []byte(is)) == nil {
			t.Errorf("%s holds %s", is, was)
		}
	}
	if err := sameItems([]byte(`{"items":[{"id":"p","tick":1,"state":"succeeded"}]}`), []byte(`{"items":[{"id":"p","tick":1,"state":"running"}]}`)); err == nil {
		t.Error("another state is taken for the same")
	}
	if err := sameItems([]byte(`{"items":[{"id":"s1"}]}`), []byte(`{"items":[{"id":"s2"}]}`)); err == nil {
		t.Error("a lost server is not missed")
	}
}
