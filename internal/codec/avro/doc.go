// Package avro reads Avro schemas, compares them and carries values from one to
// another. goavro encodes and decodes but resolves nothing: when a writer used
// another version of a schema than the reader, Resolver rewrites the writer's
// bytes into the reader's shape by the rules of the specification ("Schema
// Resolution", Avro 1.12), and Compatible tells beforehand whether that will
// always succeed.
//
// The package knows nothing of Drover's events; internal/codec does.
package avro
