package yamldoc

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The decoder's words for a value of another type, and for an unknown field.
var (
	otherType = regexp.MustCompile("^(line \\d+): cannot unmarshal !!(\\w+)(?: `(.*)`)? into (.+)$")
	noField   = regexp.MustCompile(`^(line \d+): field (\S+) not found in type \S+$`)
)

// Plain says faults of types in the document's words, not in Go's; other errors
// stay as they are. Only the first of several is told.
func Plain(err error) error {
	var fault *yaml.TypeError
	if !errors.As(err, &fault) || len(fault.Errors) == 0 {
		return err
	}
	first := fault.Errors[0]
	if m := otherType.FindStringSubmatch(first); m != nil {
		value := found(m[2])
		if m[3] != "" {
			value = fmt.Sprintf("%q", m[3])
		}
		return fmt.Errorf("yaml: %s: found %s, want %s", m[1], value, wanted(m[4]))
	}
	if m := noField.FindStringSubmatch(first); m != nil {
		return fmt.Errorf("yaml: %s: field %q is not known here", m[1], m[2])
	}
	return fmt.Errorf("yaml: %s", first)
}

func found(tag string) string {
	switch tag {
	case "seq":
		return "a list"
	case "map":
		return "fields"
	}
	return "a " + tag
}

// wanted names what a Go type takes.
func wanted(goType string) string {
	switch goType = strings.TrimLeft(goType, "*"); {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case goType == "string":
		return "a text"
	case goType == "bool":
		return "true or false"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "uint"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	}
	return "fields"
}
