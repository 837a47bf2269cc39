package avro

// Kind is the type of a schema.
type Kind uint8

// The kinds of schemas, primitive ones first.
const (
	Null Kind = iota
	Boolean
	Int
	Long
	Float
	Double
	Bytes
	String
	Fixed
	Enum
	Array
	Map
	Record
	Union
)

// kindNames are the words of the specification.
var kindNames = [...]string{"null", "boolean", "int", "long", "float", "double", "bytes", "string",
	"fixed", "enum", "array", "map", "record", "union"}

// String returns the specification's word.
func (k Kind) String() string { return kindNames[k] }

// Schema is a parsed schema. Named types may refer to themselves, so schemas
// are graphs; they must not be changed.
type Schema struct {
	Kind    Kind
	Name    string   // full name of a record, enum or fixed
	Aliases []string // full names
	Fields  []Field  // of a record
	Symbols []string // of an enum
	// Default is an enum's symbol for symbols that it does not know; empty: none.
	Default  string
	Items    *Schema   // of an array, or a map's values
	Branches []*Schema // of a union
	Size     int       // of a fixed
}

// Field is one field of a record.
type Field struct {
	Name    string
	Aliases []string
	Type    *Schema
	// Default is the JSON default as decoded (numbers as json.Number), where
	// HasDefault; a default may be null.
	Default    any
	HasDefault bool
}

// typeName is how a union tells its branches apart.
func (s *Schema) typeName() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Kind.String()
}

// answersTo tells whether a writer's name may be read as s: the same unqualified
// name (which is what the specification asks of records), or an alias.
func (s *Schema) answersTo(name string) bool {
	if s.Name == name || unqualified(s.Name) == unqualified(name) {
		return true
	}
	for _, a := range s.Aliases {
		if a == name {
			return true
		}
	}
	return false
}

func unqualified(name string) string {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			return name[i+1:]
		}
	}
	return name
}
