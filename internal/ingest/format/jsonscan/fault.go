package jsonscan

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// plain says in the document's words, not in Go's, that a value is of another
// type than is wanted; other errors stay as they are.
func plain(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	place := ""
	if wrong.Field != "" {
		place = wrong.Field + ": "
	}
	return fmt.Errorf("%sfound %s, want %s", place, found(wrong.Value), wanted(wrong.Type))
}

// found turns encoding/json's word for a value into a sentence's.
func found(value string) string {
	switch value {
	case "string":
		return "a text"
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "bool":
		return "true or false"
	}
	return value // "number", or "number 1.5"
}

// wanted names what a field of a type takes.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		if t == reflect.TypeFor[json.Number]() {
			return "a number"
		}
		return "a text"
	case reflect.Pointer:
		return wanted(t.Elem())
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number"
}
